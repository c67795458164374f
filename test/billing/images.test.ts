import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import request from 'supertest';
import sharp from 'sharp';
import { eachDatabase } from '../support/databases';
import { openBilling, type BillingFixture } from './billing-fixture';

const IMAGES = '/invoice-merge/payment-images';
const ADMIN = { 'x-person': 'admin', 'x-lang': 'fr', 'sec-fetch-site': 'same-origin' };

const drawn = (side = 600): ReturnType<typeof sharp> =>
  sharp({ create: { width: side, height: side / 2, channels: 3, background: { r: 200, g: 20, b: 60 } } });

/** A PNG of one colour, said to be as large as this, in a few kilobytes. */
function bomb(side: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const frame = Buffer.alloc(8 + body.length);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc(body), 4 + body.length);
    return frame;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(side * (1 + Math.ceil(side / 8))), { level: 9 });
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

function crc(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

describe.each(eachDatabase)('pictures of payment methods on %s', (_name, createDatabase) => {
  let billing: BillingFixture;
  beforeAll(async () => {
    billing = await openBilling(await createDatabase());
  });
  beforeEach(() => billing.reset());
  afterAll(() => billing.close());

  const send = async (bytes: Buffer, name = 'room.png', type = 'image/png', path = IMAGES) => {
    const reply = await request(billing.app)
      .post(path)
      .set({ ...ADMIN, Accept: 'application/json' })
      .attach('file', bytes, { filename: name, contentType: type });
    return {
      status: reply.status,
      body: reply.body as { imageId: string; imageUrl: string; error?: { code: string; message: string } },
    };
  };

  test('E11 an upload is drawn anew: WebP of 256 pixels, without the place where the photo was taken, under its hash', async () => {
    const photo = await drawn()
      .withExif({ IFD0: { Copyright: 'SECRET' }, IFD3: { GPSLatitude: '48/1 51/1 0/1' } })
      .jpeg()
      .toBuffer();
    expect(photo.includes('SECRET')).toBe(true);
    const { status, body } = await send(photo, 'room.jpg', 'image/jpeg');
    expect(status).toBe(201);
    const shown = await request(billing.app).get(body.imageUrl).set(ADMIN).buffer();
    const bytes = shown.body as Buffer;
    expect(body.imageId).toBe(createHash('sha256').update(bytes).digest('base64url'));
    expect(shown.headers).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'private, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    });
    const { format, width, height, exif } = await sharp(bytes).metadata();
    expect([format, width, height, exif]).toEqual(['webp', 256, 256, undefined]);
    expect(bytes.includes('SECRET')).toBe(false);
  });

  test('E11 the same picture is kept once, another one has another address, and an old one stays for old sales', async () => {
    const [red, again] = [await send(await drawn().png().toBuffer()), await send(await drawn().png().toBuffer())];
    expect(again.body).toEqual(red.body);
    const blue = await send(await drawn().tint('#0000ff').png().toBuffer());
    expect(blue.body.imageUrl).not.toBe(red.body.imageUrl);
    const room = await billing.make('Chambre', { imageId: red.body.imageId });
    expect(room.imageUrl).toBe(red.body.imageUrl);
    const replaced = await billing.ask('put', `/payment-methods/${room.id}/image`, { imageId: blue.body.imageId });
    expect(replaced.body.imageUrl).toBe(blue.body.imageUrl);
    await billing.ask('delete', `/payment-methods/${room.id}`);
    expect((await request(billing.app).get(red.body.imageUrl).set(ADMIN)).status).toBe(200);
    expect(await billing.knex('im_images')).toHaveLength(2);
  });

  test('E11 what is no picture is refused by its first bytes, whatever its name says, in words', async () => {
    const png = await drawn().png().toBuffer();
    const svg = Buffer.from(
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    );
    for (const [bytes, code, words] of [
      [svg, 'IM_IMAGE_REFUSED', /SVG peut contenir un programme/],
      [Buffer.from('<!doctype html><script>alert(1)</script>'), 'IM_IMAGE_REFUSED', /pas une image/],
      [Buffer.from('%PDF-1.7'), 'IM_IMAGE_REFUSED', /pas une image/],
      [Buffer.alloc(0), 'IM_IMAGE_REFUSED', /pas une image/],
      [Buffer.concat([Buffer.from('GIF89a'), Buffer.from('<script>alert(1)</script>')]), 'IM_IMAGE_REFUSED', /abîmé/],
      [png.subarray(0, 200), 'IM_IMAGE_REFUSED', /abîmé/],
      [bomb(6400), 'IM_IMAGE_REFUSED', /25 millions de pixels/],
      [Buffer.concat([png, Buffer.alloc(6 * 1024 * 1024)]), 'IM_IMAGE_REFUSED', /dépasse 5/],
    ] as const) {
      const { status, body } = await send(bytes);
      expect([status, body.error?.code, body.error?.message]).toEqual([422, code, expect.stringMatching(words)]);
    }
    expect(await billing.knex('im_images')).toEqual([]);
  });

  test('E11 a picture with a page behind it is a picture only, once it is drawn anew', async () => {
    const png = await drawn().png().toBuffer();
    const { body } = await send(Buffer.concat([png, Buffer.from('<script>alert(1)</script>')]));
    const shown = await request(billing.app).get(body.imageUrl).set(ADMIN).buffer();
    expect((shown.body as Buffer).includes('script')).toBe(false);
  });

  test('a picture may come over the API too; one that nobody has is refused', async () => {
    const file = (await drawn(64).png().toBuffer()).toString('base64');
    const { status, body } = await billing.ask('post', '/images', { file });
    expect([status, body]).toEqual([
      201,
      { imageId: expect.any(String) as string, imageUrl: expect.any(String) as string },
    ]);
    const room = await billing.make('Chambre', { imageId: body.imageId });
    expect(room.imageId).toBe(body.imageId);
    const wrong = await billing.ask('put', `/payment-methods/${room.id}/image`, { imageId: 'x'.repeat(43) });
    expect([wrong.status, wrong.body.error?.vars.field]).toEqual([422, 'image']);
    const none = await billing.ask('put', `/payment-methods/${room.id}/image`, { imageId: null });
    expect([none.body.imageId, none.body.imageUrl]).toEqual([null, null]);
  });

  test('without a script the form of a method takes the picture, and shows it', async () => {
    const room = await billing.make('Chambre');
    const path = `/invoice-merge/payment-methods/${room.id}/image`;
    const { status } = await send(await drawn().png().toBuffer(), 'room.png', 'image/png', path);
    expect(status).toBe(303);
    const { $ } = await billing.page(`/payment-methods/${room.id}`);
    expect($('[data-im="picture"]').attr('src')).toMatch(/^\/invoice-merge\/payment-images\/[\w-]{43}$/);
  });

  test('who is no admin sends none, who is not signed in sees none, and another site posts none', async () => {
    const png = await drawn(64).png().toBuffer();
    const { body } = await send(png);
    for (const [headers, status] of [
      [{ ...ADMIN, 'x-person': 'books' }, 403],
      [{ ...ADMIN, 'x-person': '' }, 401],
      [{ ...ADMIN, 'sec-fetch-site': 'cross-site' }, 403],
    ] as const) {
      const reply = await request(billing.app).post(IMAGES).set(headers).attach('file', png, 'room.png');
      expect(reply.status).toBe(status);
    }
    expect((await request(billing.app).get(body.imageUrl)).status).toBe(401);
    expect((await request(billing.app).get(`${IMAGES}/nothing`).set(ADMIN)).status).toBe(404);
  });
});

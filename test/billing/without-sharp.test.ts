import request from 'supertest';
import { createDatabase } from '../support/databases';
import { openBilling } from './billing-fixture';

// As where nobody has installed it.
jest.mock('sharp', () => {
  throw new Error("Cannot find module 'sharp'");
});

test('without sharp the gallery is there, the page says what sending one’s own takes, and an upload is refused in words', async () => {
  const billing = await openBilling(await createDatabase('sqlite'));
  const { $ } = await billing.page('/payment-methods/new?kind=external_billing');
  expect($('[data-im="gallery"] img').length).toBeGreaterThanOrEqual(24);
  expect($('input[type="file"]').length).toBe(0);
  expect($('main').text()).toContain('«\u202fsharp\u202f»');
  const reply = await request(billing.app)
    .post('/invoice-merge/payment-images')
    .set({ 'x-person': 'admin', 'sec-fetch-site': 'same-origin', Accept: 'application/json' })
    .attach('file', Buffer.from('89504e470d0a1a0a00', 'hex'), 'room.png');
  const { error } = reply.body as { error: { code: string; message: string } };
  expect([reply.status, error.code]).toEqual([422, 'IM_IMAGE_UPLOAD_OFF']);
  expect(error.message).toMatch(/galerie/);
  await billing.close();
});

/** The JSON API of what follows a merge: putting its message away, telling the customer. */
import { z } from 'zod';
import type { Db } from '../host/contract';
import { endpoint, type Endpoint } from '../web/endpoints';
import { id } from '../web/shapes';
import type { Notices } from './after-notices';

export function noticeEndpoints({ db, notices }: { db: Db; notices: Notices }): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/merges/:id/dismiss',
      summary: 'Puts the message about a merge away, for the person who asks',
      action: 'merge.view',
      params: z.strictObject({ id }),
      replies: { 200: z.strictObject({ dismissed: z.boolean() }) },
      refusals: [404],
      async handler({ actor, params }) {
        await notices.dismiss(db, params.id, actor);
        return { status: 200, body: { dismissed: true } };
      },
    }),

    endpoint({
      method: 'post',
      path: '/merges/:id/tell',
      summary: 'Has the host tell the customer (`sent`), or remembers that a person did (`marked`); once per key',
      action: 'merge.apply',
      params: z.strictObject({ id }),
      body: z.strictObject({
        key: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
        how: z.enum(['sent', 'marked']),
        locale: z.enum(['fr', 'en']),
      }),
      replies: { 200: z.strictObject({ told: z.boolean() }) },
      refusals: [404, 502, 503],
      async handler({ actor, params, body }) {
        await notices.tell({ mergeId: params.id, ...body }, actor);
        return { status: 200, body: { told: true } };
      },
    }),
  ];
}

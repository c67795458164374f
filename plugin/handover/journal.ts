/** What was handed over, and each try: for people. Permissions are asked by the pages and the API. */
import { PluginError } from '../errors';
import type { Db, Id } from '../host/contract';
import type { HandoverState, Integration } from './contract';
import type { HandoverDeps } from './deps';
import type { Attempt } from './store-attempts';
import type { HandoverFilter, StoredHandover } from './store-handovers';

export interface JournalEntry extends Omit<StoredHandover, 'body' | 'state' | 'kind'> {
  state: HandoverState;
  integration: Pick<Integration, 'id' | 'name' | 'kind' | 'enabled' | 'removed'> & {
    disabledBy: Integration['disabledBy'];
  };
  /** Somebody is sending it at this moment. */
  sending: boolean;
  /** It can be sent once more: what was sent is still kept. */
  kept: boolean;
}

export interface Dossier extends JournalEntry {
  /** Those of the cancellation stand among them. */
  attempts: (Attempt & { of: 'request' | 'cancel' })[];
  cancellation: Pick<StoredHandover, 'state' | 'nextAt' | 'reason' | 'createdAt'> | null;
}

const PAGE_SIZE = 50;

export function createJournal({ handovers, attempts, integrations, clock }: HandoverDeps) {
  async function entries(db: Db, rows: StoredHandover[]): Promise<JournalEntry[]> {
    const known = new Map((await integrations.all(db)).map((one) => [one.id, one]));
    const now = clock().toISOString();
    return rows.map(({ body, state, kind: _kind, ...row }) => {
      const to = known.get(row.integrationId);
      return {
        ...row,
        state: state as HandoverState,
        kept: body !== null,
        sending: row.leaseUntil !== null && row.leaseUntil > now,
        integration: {
          id: row.integrationId,
          name: to?.name ?? '',
          kind: to?.kind ?? 'webhook',
          enabled: to?.enabled ?? false,
          removed: to?.removed ?? true,
          disabledBy: to?.disabledBy ?? null,
        },
      };
    });
  }

  return {
    /** The latest first. */
    async page(db: Db, filter: HandoverFilter, wanted: number) {
      const total = await handovers.count(db, filter);
      const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
      const page = Math.min(wanted, pages);
      const rows = await handovers.page(db, filter, (page - 1) * PAGE_SIZE, PAGE_SIZE);
      return { entries: await entries(db, rows), page, pages, total };
    },

    /** @throws IM_NOT_FOUND 404 */
    async dossier(db: Db, id: Id): Promise<Dossier> {
      const row = /^\d{1,18}$/.test(id) ? await handovers.find(db, id) : null;
      if (row?.kind !== 'request') throw new PluginError('IM_NOT_FOUND', 404);
      const cancellation = await handovers.cancellationOf(db, id);
      const tries = await attempts.of(db, [id, ...(cancellation ? [cancellation.id] : [])]);
      const [entry] = await entries(db, [row]);
      return {
        ...(entry as JournalEntry),
        attempts: tries.map((one) => ({
          ...one,
          of: one.handoverId === id ? ('request' as const) : ('cancel' as const),
        })),
        cancellation: cancellation && {
          ...{ state: cancellation.state, nextAt: cancellation.nextAt },
          ...{ reason: cancellation.reason, createdAt: cancellation.createdAt },
        },
      };
    },

    /** Sales that wait for a person, as nothing more is tried. */
    stuck: (db: Db): Promise<number> => handovers.count(db, { state: 'stuck' }),
  };
}

export type Journal = ReturnType<typeof createJournal>;

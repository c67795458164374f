/** Numbering put together: allocation, what merging writes down, and what the pages and the API ask. */
import { PluginError } from '../errors';
import { createAllocating } from './allocating';
import { createChanging } from './changing';
import type { NumberingService, NumberRecords } from './contract';
import type { NumberingDeps } from './deps';
import { createListing } from './listing';
import { createOffering } from './offering';
import { createReading } from './reading';
import { createRecords } from './records';

export interface Numbering {
  allocate: ReturnType<typeof createAllocating>;
  records: NumberRecords;
  service: NumberingService;
}

/** @param deps see NumberingDeps */
export function createNumbering(deps: NumberingDeps): Numbering {
  const reading = createReading(deps);
  const offering = createOffering(deps, reading);
  const changing = createChanging(deps, reading, offering);
  const listing = createListing(deps, reading, offering, changing);
  const may: NumberingService['may'] = async (actor, action) => deps.authorize(actor, action, { db: deps.knex });

  const service: NumberingService = {
    may,
    async demand(actor, action, invoiceId) {
      const about = { ...(invoiceId !== undefined && { invoiceId }), db: deps.knex };
      if (!(await deps.authorize(actor, action, about))) throw new PluginError('IM_FORBIDDEN', 403, { action });
    },
    series: (db) => reading.series(db),
    oneSeries: (db, series) => reading.oneSeries(db, series),
    gaps: (db, query) => reading.gaps(db, query),
    gapAt: (db, query) => reading.gapAt(db, query),
    strip: (db, query) => reading.strip(db, query),
    freeNumbers: (db, query) => offering.freeNumbers(db, query),
    takers: (db, query) => offering.takers(db, query),
    give: (request, actor) => changing.give(request, actor),
    free: (request, actor) => changing.free(request, actor),
    undo: (request, actor) => changing.undo(request, actor),
    explain: (request, actor) => changing.explain(request, actor),
    withdraw: (request, actor) => changing.withdraw(request, actor),
    ...listing,
  };
  return { service, allocate: createAllocating(deps), records: createRecords(deps) };
}

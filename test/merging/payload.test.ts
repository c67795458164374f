import fc from 'fast-check';
import { PluginError } from '../../plugin/errors';
import { FIELDS, hashForm, parseMergeForm } from '../../plugin/merging/payload';

const refusal = (form: unknown): unknown => {
  try {
    parseMergeForm(form);
    return null;
  } catch (error) {
    return error;
  }
};

describe('the form’s invoiceMerge… fields', () => {
  it('are all empty in a form without them', () => {
    expect(parseMergeForm({ customer_id: '3', 'lines[0][quantity]': '2' })).toEqual({
      sources: [],
      settlement: {},
      key: null,
      targetVersion: null,
      shownTotal: null,
      acknowledged: [],
      linesBy: 'server',
    });
  });

  it('are read as the banner writes them', () => {
    const form = {
      invoiceMergeSource: ['31~abc', '38~def', '31~abc', '40'],
      invoiceMergeIssued: ['delete', 'cancel'],
      invoiceMergeDraft: 'delete',
      invoiceMergeKey: 'f3b1c9e2-0000-4000-8000-000000000000',
      invoiceMergeTarget: 't'.repeat(22),
      invoiceMergeShown: '1107.39',
      invoiceMergeAcknowledged: ['total_changed', 'total_changed'],
      invoiceMergeLines: 'form',
    };
    expect(parseMergeForm(form)).toEqual({
      sources: [
        { id: '31', version: 'abc' },
        { id: '38', version: 'def' },
        { id: '40', version: null },
      ],
      settlement: { issued: 'cancel', draft: 'delete' },
      key: form.invoiceMergeKey,
      targetVersion: form.invoiceMergeTarget,
      shownTotal: '1107.39',
      acknowledged: ['total_changed'],
      linesBy: 'form',
    });
  });

  it.each([
    ['a list as form', [], 'form'],
    ['no form', null, 'form'],
    ['an object as source', { invoiceMergeSource: { a: '1' } }, 'invoiceMergeSource'],
    ['a list of lists', { invoiceMergeSource: [['31']] }, 'invoiceMergeSource'],
    ['an empty id', { invoiceMergeSource: '~abc' }, 'invoiceMergeSource'],
    ['a blank in an id', { invoiceMergeSource: '3 1~abc' }, 'invoiceMergeSource'],
    ['a huge id', { invoiceMergeSource: '9'.repeat(65) }, 'invoiceMergeSource'],
    ['two versions', { invoiceMergeSource: '31~a~b' }, 'invoiceMergeSource'],
    [
      '501 sources',
      { invoiceMergeSource: Array.from({ length: 501 }, (_none, index) => `${index}~v`) },
      'invoiceMergeSource',
    ],
    ['an unknown settlement', { invoiceMergeIssued: 'shred' }, 'invoiceMergeIssued'],
    ['a credit for drafts', { invoiceMergeDraft: 'credit' }, 'invoiceMergeDraft'],
    ['a short key', { invoiceMergeKey: 'abc' }, 'invoiceMergeKey'],
    ['a float as total', { invoiceMergeShown: '1e3' }, 'invoiceMergeShown'],
    ['a number as total', { invoiceMergeShown: 12 }, 'invoiceMergeShown'],
    ['a sentence as answer', { invoiceMergeAcknowledged: 'oui, bien sûr' }, 'invoiceMergeAcknowledged'],
    ['someone else’s lines', { invoiceMergeLines: 'both' }, 'invoiceMergeLines'],
  ])('B9 are refused with 400 for %s', (_name, form, field) => {
    expect(refusal(form)).toMatchObject({ code: 'IM_PAYLOAD_INVALID', status: 400, vars: { field } });
  });

  it('B9 ignore a __proto__ that came with the body', () => {
    const form: unknown = JSON.parse('{"__proto__":{"invoiceMergeSource":"31~abc","invoiceMergeLines":"form"}}');
    expect(parseMergeForm(form)).toMatchObject({ sources: [], linesBy: 'server' });
    expect(parseMergeForm(Object.create({ invoiceMergeSource: '31~abc' }))).toMatchObject({ sources: [] });
  });

  it('B9 never fail otherwise than as IM_PAYLOAD_INVALID, whatever is posted', () => {
    const names = fc.constantFrom<string>(...Object.values(FIELDS));
    const wild = fc.oneof(fc.anything(), fc.string(), fc.array(fc.string()), fc.constant('__proto__'));
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(names, wild), fc.anything()), (form) => {
        const error = refusal(form);
        if (error === null) return true;
        return error instanceof PluginError && error.code === 'IM_PAYLOAD_INVALID' && error.status === 400;
      }),
      { numRuns: 500 },
    );
  });

  it('give each source once, in the order of the first tick', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 }), (ids) => {
        const { sources } = parseMergeForm({ invoiceMergeSource: ids.map((id) => `${id}~v`) });
        expect(sources.map(({ id }) => id)).toEqual([...new Set(ids)].map(String));
      }),
    );
  });
});

describe('the hash of a form', () => {
  it('does not depend on the order of its keys, nor on the ignored ones', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (form, token) => {
        const turned = Object.fromEntries(Object.entries(form).reverse());
        expect(hashForm({ ...turned, _csrf: token }, ['_csrf'])).toBe(hashForm({ ...form, _csrf: 'other' }, ['_csrf']));
      }),
    );
  });

  it('differs when anything differs: a value, a name, an order of lines, a level', () => {
    const forms = [
      { a: '1' },
      { a: '2' },
      { b: '1' },
      { a: ['1'] },
      { a: ['1', '2'] },
      { a: ['2', '1'] },
      { a: { b: '1' } },
      {},
    ];
    expect(new Set(forms.map((form) => hashForm(form))).size).toBe(forms.length);
    expect(hashForm({ line: { _csrf: 'x' } }, ['_csrf'])).not.toBe(hashForm({ line: {} }, ['_csrf']));
    expect(hashForm(JSON.parse('{"__proto__":"1"}'))).not.toBe(hashForm({}));
  });

  it('has 22 characters, and refuses a form nested without end', () => {
    expect(hashForm({ a: 1 })).toMatch(/^[\w-]{22}$/);
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(() => hashForm(loop)).toThrow(PluginError);
  });
});

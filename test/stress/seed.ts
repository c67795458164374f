/** Chance that can be had again: every stress run prints its seed, STRESS_SEED sets it. */

export const SEED = Number(process.env.STRESS_SEED ?? Math.floor(Math.random() * 2 ** 31));

export interface Chance {
  /** 0 <= result < below */
  upTo(below: number): number;
  of<T>(list: readonly T[]): T;
}

/** mulberry32: the same numbers for the same seed and name. */
export function chance(name: string, seed = SEED): Chance {
  let state = [...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 2654435761), seed | 0);
  const upTo = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  return {
    upTo,
    of: (list) => {
      if (list.length === 0) throw new Error('nothing to choose from');
      return list[upTo(list.length)] as (typeof list)[number];
    },
  };
}

/** One line of what was done, past Jest's own output so that it stays in the log of a run that passes. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

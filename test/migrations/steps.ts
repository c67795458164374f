import { readdirSync } from 'node:fs';
import path from 'node:path';

const files = readdirSync(path.join(__dirname, '../../migrations')).filter((name) => /^\d{4}_/.test(name));

/** How many steps a run without wishes applies: the unique index on the number is made only when it is asked for. */
export const STEPS = files.filter((name) => !name.includes('unique_number')).length;

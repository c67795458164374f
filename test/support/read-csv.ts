/** As RFC 4180 says; knows nothing of the library that writes. */
export function readCsv(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quoted) {
      if (sign === '"' && text[at + 1] === '"') at++;
      else if (sign === '"') {
        quoted = false;
        continue;
      }
      cell += sign;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === separator || (sign === '\r' && text[at + 1] === '\n')) {
      rows.at(-1)!.push(cell);
      cell = '';
      if (sign === '\r') {
        at++;
        rows.push([]);
      }
    } else cell += sign;
  }
  return rows.slice(0, -1);
}

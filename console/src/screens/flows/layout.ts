/** Where the steps of a flow stand: rows by how far they are from the start, parts beside the flow. Pure. */

export type Way = { start: string; end: string };
export type Placed = { x: number; y: number };

export const BOX = { width: 210, height: 84, right: 60, down: 76 };

/**
 * Each step one row below the furthest-up step that leads to it; what leads back up takes no part. Within a row the
 * steps stand near those that lead to them. Steps that nothing leads to stand at the end.
 */
export function placed(steps: readonly string[], ways: readonly Way[], entry: string): Map<string, Placed> {
  const next = new Map<string, string[]>();
  for (const { start, end } of ways) next.set(start, [...(next.get(start) ?? []), end]);
  const row = new Map<string, number>([[entry, 0]]);
  const order = [entry];
  for (const step of order) {
    for (const end of next.get(step) ?? []) {
      if (row.has(end)) continue;
      row.set(end, (row.get(step) ?? 0) + 1);
      order.push(end);
    }
  }
  const last = Math.max(0, ...row.values());
  for (const step of steps) {
    if (row.has(step)) continue;
    row.set(step, last + 1);
    order.push(step);
  }

  const rows = new Map<number, string[]>();
  for (const step of order) {
    const at = row.get(step) ?? 0;
    rows.set(at, [...(rows.get(at) ?? []), step]);
  }
  const widest = Math.max(...[...rows.values()].map((each) => each.length));
  const pitch = BOX.width + BOX.right;
  const found = new Map<string, Placed>();
  for (const [at, all] of [...rows].sort(([a], [b]) => a - b)) {
    const wish = new Map(all.map((step) => [step, middle(step, ways, found)]));
    const sorted = [...all].sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
    const left = ((widest - sorted.length) * pitch) / 2;
    sorted.forEach((step, place) => {
      found.set(step, { x: left + place * pitch, y: at * (BOX.height + BOX.down) });
    });
  }
  return found;
}

function middle(step: string, ways: readonly Way[], found: ReadonlyMap<string, Placed>): number {
  const from = ways.flatMap((way) => (way.end === step ? [found.get(way.start)?.x] : []));
  const known = from.filter((x): x is number => x !== undefined);
  return known.length ? known.reduce((sum, x) => sum + x, 0) / known.length : 0;
}

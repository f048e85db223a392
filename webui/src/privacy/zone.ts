/** Corners of a station's zone, as shares 0..1 of the frame. Pure. */
import type { Zone } from '../contract.js';

export type Corner = Zone[number];
export const MIN_CORNERS = 3;
export const MAX_CORNERS = 12;
export const RECTANGLE: Zone = [{ x: 0.2, y: 0.25 }, { x: 0.8, y: 0.25 }, { x: 0.8, y: 0.85 }, { x: 0.2, y: 0.85 }];

const share = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
const corner = (x: number, y: number): Corner => ({ x: share(x), y: share(y) });

/** `zone` with one corner elsewhere; a place outside the frame is moved to its edge. */
export function moved(zone: Zone, index: number, x: number, y: number): Zone {
  return zone.map((old, i) => (i === index ? corner(x, y) : old));
}

/** The middle of the edge from corner `index` to the next. */
export function middle(zone: Zone, index: number): Corner {
  const from = zone[index]!;
  const to = zone[(index + 1) % zone.length]!;
  return corner((from.x + to.x) / 2, (from.y + to.y) / 2);
}

/** One corner more, in the middle of an edge; the same zone when it has the most already. */
export function withCorner(zone: Zone, after: number): Zone {
  return zone.length >= MAX_CORNERS ? zone : [...zone.slice(0, after + 1), middle(zone, after), ...zone.slice(after + 1)];
}

/** One corner less; the same zone when it has the fewest already. */
export function withoutCorner(zone: Zone, index: number): Zone {
  return zone.length <= MIN_CORNERS ? zone : zone.filter((_, i) => i !== index);
}

/** Share 0..1 of the frame that the zone covers (shoelace formula). */
export function area(zone: Zone): number {
  const twice = zone.reduce((sum, from, i) => {
    const to = zone[(i + 1) % zone.length]!;
    return sum + from.x * to.y - to.x * from.y;
  }, 0);
  return Math.abs(twice) / 2;
}

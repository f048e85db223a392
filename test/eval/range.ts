/** How far away a face may be: photos scaled down and put into frames as a camera in a shop sends them. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { decidable, iou, type Box } from '../../appliance/vision/index.js';
import { inOrder } from './inOrder.js';
import type { Output } from './main.js';
import { rateOf, sample, seeded, type Rate } from './measures.js';
import type { EvalStore } from './store.js';

export const RANGE_HEIGHTS = [40, 48, 64, 80] as const;
const FRAME = { width: 1280, height: 720 } as const;
/** Picture kept around the face, in parts of its height: hair, ears and chin, as in a real frame. */
const AROUND = 0.6;
/** Overlap from which a found box is the face that was put there. */
const FOUND_IOU_MIN = 0.4;

/** A photo of somebody enrolled that is decided on as it is. */
export interface RangeSource { path: string; box: Box; customerId: string }

export interface RangeRow {
  height_px: number;
  tiles: boolean;
  frames: number;
  found: Rate;
  /** Of those found: the best match is the person. */
  rank1: Rate;
  /** Of those found: named rightly. */
  named: Rate;
  /** Of those found: too poor to decide on. */
  asked_again: Rate;
  /** Boxes elsewhere: bystanders at the edge of the photo, or no faces at all. */
  other_faces: number;
}

interface Placed { jpeg: Buffer; expected: Box; customerId: string }
interface Seen { found: boolean; decided: boolean; right: boolean; named: boolean; otherFaces: number }

/**
 * @param sources as many people as possible take turns; those with a face smaller than the largest height are left out,
 *   since enlarging proves nothing
 */
export async function measureRange(store: EvalStore, sources: readonly RangeSource[], framesPerHeight: number, output: Output): Promise<RangeRow[]> {
  const large = sources.filter(({ box }) => box.height >= RANGE_HEIGHTS.at(-1)!);
  const inTurn = takingTurns(large);
  if (inTurn.length === 0) return [];
  const rows: RangeRow[] = [];
  const of = framesPerHeight * RANGE_HEIGHTS.length * 2;
  for (const height of RANGE_HEIGHTS) {
    const random = seeded(`range ${height}`);
    const plans = Array.from({ length: framesPerHeight }, (_, i) => ({ source: inTurn[i % inTurn.length]!, x: random(), y: random(), wall: random() }));
    for (const tiles of [false, true]) {
      const seen: Seen[] = [];
      await inOrder(plans, async (plan) => look(store, await place(plan, height), tiles), async (one) => {
        seen.push(one);
        output.progress(rows.length * framesPerHeight + seen.length, of, 'frames of the range');
      });
      const found = seen.filter((one) => one.found);
      rows.push({
        height_px: height, tiles, frames: seen.length,
        found: rateOf(seen, (one) => one.found),
        rank1: rateOf(found.filter((one) => one.decided), (one) => one.right),
        named: rateOf(found, (one) => one.named),
        asked_again: rateOf(found, (one) => !one.decided),
        other_faces: seen.reduce((sum, one) => sum + one.otherFaces, 0),
      });
    }
  }
  return rows;
}

/** One photo of each person, in random order, then the second of each, and so on. */
function takingTurns(sources: readonly RangeSource[]): RangeSource[] {
  const byPerson = new Map<string, RangeSource[]>();
  for (const source of sources) byPerson.set(source.customerId, [...(byPerson.get(source.customerId) ?? []), source]);
  const people = sample([...byPerson.values()], byPerson.size, seeded('range people'));
  const longest = Math.max(0, ...people.map((photos) => photos.length));
  return Array.from({ length: longest }, (_, turn) => people.flatMap((photos) => photos.slice(turn, turn + 1))).flat();
}

async function place(plan: { source: RangeSource; x: number; y: number; wall: number }, height: number): Promise<Placed> {
  const { path, box, customerId } = plan.source;
  // Turned upright first: the box is in pixels of the upright picture.
  const upright = await sharp(await readFile(path)).rotate().toColourspace('srgb').png({ compressionLevel: 0 }).toBuffer({ resolveWithObject: true });
  const around = AROUND * box.height;
  const left = Math.max(0, Math.round(box.x - around));
  const top = Math.max(0, Math.round(box.y - around));
  const right = Math.min(upright.info.width, Math.round(box.x + box.width + around));
  const bottom = Math.min(upright.info.height, Math.round(box.y + box.height + around));
  const scale = height / box.height;
  const width = Math.round((right - left) * scale);
  const tall = Math.round((bottom - top) * scale);
  const x = Math.round(plan.x * (FRAME.width - width));
  const y = Math.round(plan.y * (FRAME.height - tall));
  const patch = await sharp(upright.data).extract({ left, top, width: right - left, height: bottom - top }).resize(width, tall, { fit: 'fill' }).png().toBuffer();
  const grey = Math.round(60 + 140 * plan.wall);
  const jpeg = await sharp({ create: { ...FRAME, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .composite([{ input: patch, left: x, top: y }]).jpeg({ quality: 90 }).toBuffer();
  const expected = { x: x + (box.x - left) * scale, y: y + (box.y - top) * scale, width: box.width * scale, height };
  return { jpeg, expected, customerId };
}

async function look({ vision, gallery }: EvalStore, { jpeg, expected, customerId }: Placed, tiles: boolean): Promise<Seen> {
  const { faces } = await vision.analyse(jpeg, { tiles });
  const face = faces.find(({ box }) => iou(box, expected) >= FOUND_IOU_MIN);
  const otherFaces = faces.length - (face === undefined ? 0 : 1);
  if (face === undefined || !decidable(face.quality, vision.pack.gates)) return { found: face !== undefined, decided: false, right: false, named: false, otherFaces };
  const match = await gallery.match(face.embedding);
  const right = match.customerId === customerId;
  return { found: true, decided: true, right, named: right && match.decision === 'known', otherFaces };
}

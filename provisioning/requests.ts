/** The two other files of a stick: what IT may ask of a box besides settings, each signed on its own and good until a date. */
import { Type, type Static } from 'typebox';
import { kindOf, STORE_ID, Version } from './settings.js';

const DAY_MS = 86_400_000;
/** A request that lies around must not stay dangerous. Counted when it is made and when the box reads it. */
export const LONGEST_MS = { wipe: 31 * DAY_MS, support: 7 * DAY_MS } as const;

const closed = { additionalProperties: false } as const;
const INSTANT = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$';
const Until = Type.String({ pattern: INSTANT, description: 'Until when this holds.', errorMessage: 'Write an instant such as 2026-12-01T18:00:00+08:00.' });
const BOX = { pattern: '^[A-Za-z0-9][A-Za-z0-9-]{3,63}$', description: 'The box\'s own id, from box.json on the stick.', errorMessage: 'Write the boxId of box.json.' };
const target = {
  store: Type.Optional(Type.String({ pattern: STORE_ID, description: 'The store\'s id: whichever box is there.', errorMessage: 'Write the store\'s id as in portico.yaml.' })),
  box: Type.Optional(Type.String({ ...BOX })),
};

/** After a wipe a box has another id: the same stick, left in or found in a drawer, asks the new one for nothing. */
export const Wipe = Type.Object({ kind: kindOf('wipe'), version: Version, store: target.store, box: Type.String({ ...BOX }), until: Until },
  { ...closed, description: 'Asks a box to destroy all its data. It names the box itself.' });
export type Wipe = Static<typeof Wipe>;

export const Support = Type.Object({
  kind: kindOf('support'), version: Version, ...target, until: Until,
  sshKey: Type.String({
    maxLength: 1_000, pattern: '^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com) [A-Za-z0-9+/]{40,900}={0,2}( [A-Za-z0-9@._-]{1,100})?$',
    description: 'The public key that may log in, one line as in a .pub file.', errorMessage: 'Write the line of a .pub file, of an Ed25519 or ECDSA key.',
  }),
}, { ...closed, description: 'Lets somebody log in to a box over SSH for a while.' });
export type Support = Static<typeof Support>;

/**
 * Whether a request is for this box, now.
 * @returns null: it is; else why not. `too_long`: its end is further off than such a request may reach
 */
export function whyNotNow(request: Wipe | Support, box: { boxId: string; storeId: string }, nowMs: number): 'other_box' | 'over' | 'too_long' | null {
  if (request.box !== undefined && request.box !== box.boxId) return 'other_box';
  if (request.store !== undefined && request.store !== box.storeId) return 'other_box';
  if (request.box === undefined && (request.kind === 'wipe' || request.store === undefined)) return 'other_box';
  const leftMs = Date.parse(request.until) - nowMs;
  if (!(leftMs > 0)) return 'over';
  return leftMs > LONGEST_MS[request.kind] ? 'too_long' : null;
}

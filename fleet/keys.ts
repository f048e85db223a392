/** The public keys that head office knows its boxes by. */
import { STORE_ID_PATTERN, type KeySet } from '../appliance/contract/index.js';
import { PorticoError } from '../appliance/kit/index.js';
import { readKeys } from '../appliance/papers/index.js';

export interface FleetKeys {
  readonly all: KeySet;
  /** Thumbprints (RFC 7638) of each store's keys; null: nothing says which key is whose, and any of them may sign for any one store. */
  readonly byStore: Readonly<Record<string, readonly string[]>> | null;
}

/**
 * A JWK set, a JWK or PEM, as `portico receipt verify --key` takes it; or stores.json, which binds keys to stores: `{"SH-01": [KEY, ...], ...}`, where KEY is a
 * JWK, a JWK set or a text in PEM.
 * @throws PorticoError receipt_invalid {reason}
 */
export function readFleetKeys(text: string): FleetKeys {
  const stores = storesOf(text);
  if (stores === null) return { all: readKeys(text), byStore: null };
  const keys = new Map<string, KeySet['keys'][number]>();
  const byStore: Record<string, string[]> = {};
  const owner = new Map<string, string>();
  for (const [store, given] of Object.entries(stores)) {
    if (!new RegExp(STORE_ID_PATTERN).test(store)) throw refusal(`${JSON.stringify(store)} is no id of a store`);
    if (!Array.isArray(given)) throw refusal(`the keys of ${store} are not a list`);
    byStore[store] = [];
    for (const key of given.flatMap((each: unknown) => readKeys(typeof each === 'string' ? each : JSON.stringify(each)).keys)) {
      if (owner.has(key.kid) && owner.get(key.kid) !== store) throw refusal(`the key ${key.kid} stands for ${owner.get(key.kid)!} and for ${store}`);
      owner.set(key.kid, store);
      keys.set(key.kid, key);
      byStore[store].push(key.kid);
    }
  }
  return { all: { keys: [...keys.values()] }, byStore };
}

/** Null: it is a key, or no JSON. A store called `keys` or `kty` cannot be told apart; its list would be no key and is refused as one. */
function storesOf(text: string): Record<string, unknown> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('keys' in value) && !('kty' in value) ? value as Record<string, unknown> : null;
}

function refusal(reason: string): PorticoError {
  return new PorticoError('receipt_invalid', { reason });
}

/** The browser's half of a passkey. Its library is loaded when first asked for. */
import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/browser';
import { ApiError } from '../api/client.js';
import { isHostName } from './passkeys.js';

type Options = Record<string, unknown>;

/** Whether this browser, at this address, can ask for a passkey at all. */
export const passkeysOffered = (): boolean => isHostName(location.hostname) && 'PublicKeyCredential' in window;

/** What the box has to hear to sign somebody in; null: the person turned it down, or there is no passkey here. */
export async function answerWithPasskey(options: Options): Promise<object | null> {
  const { startAuthentication } = await import('@simplewebauthn/browser');
  return orDeclined(startAuthentication({ optionsJSON: options as unknown as PublicKeyCredentialRequestOptionsJSON }));
}

/** What the box has to keep of a new passkey; null: turned down, or there is one on this device already. */
export async function makePasskey(options: Options): Promise<object | null> {
  const { startRegistration } = await import('@simplewebauthn/browser');
  return orDeclined(startRegistration({ optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON }));
}

const DECLINED = ['NotAllowedError', 'AbortError', 'InvalidStateError'];

async function orDeclined(asked: Promise<object>): Promise<object | null> {
  try {
    return await asked;
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    if (DECLINED.includes(name)) return null;
    throw new ApiError(name === 'SecurityError' ? 'passkey_impossible' : 'passkey_invalid');
  }
}

/** `portico stick new` at a terminal: what a store needs, one question after the other. */
import type { TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { Settings, type Answers } from '../provisioning/laptop/index.js';
import { Questions } from './ask.js';

const { store, network, timeZone } = Settings.properties;

/** Says of an answer what the file's check would say. */
const fits = (schema: TSchema & { errorMessage?: string }) => (answer: string): string | null => (Check(schema, answer) ? null : schema.errorMessage ?? 'This does not fit.');

/**
 * @param said what the command line has said already, which is not asked again
 * @param defaults of a new file; null: another store's file says the rest
 */
export async function askForStore(said: Partial<Answers>, defaults: Omit<Answers, 'storeId' | 'storeName' | 'hostName'> | null): Promise<Partial<Answers>> {
  const questions = new Questions();
  try {
    const storeId = said.storeId ?? await questions.ask('Store id, as head office names it', null, fits(store.properties.id));
    const storeName = said.storeName ?? await questions.ask('Name of the store, as on the iPads', null, fits(store.properties.name));
    const proposed = `portico-${storeId.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.slice(0, 63).replace(/-+$/, '');
    const hostName = said.hostName ?? await questions.ask('Host name: the box is then https://NAME.local:8443', proposed, fits(network.properties.hostName));
    if (defaults === null) return { ...said, storeId, storeName, hostName };
    const zone = said.timeZone ?? await questions.ask('Time zone', defaults.timeZone, fits(timeZone));
    const openingHours = said.openingHours ?? await questions.ask('Opening hours, such as Mo-Su 10:00-22:00 (empty: not known, updates come at 03:00)', '');
    const address = said.ethernet === undefined ? await questions.ask('Fixed address, such as 192.168.1.20/24 (empty: DHCP)', '') : '';
    const gateway = address === '' ? '' : await questions.ask('Router (empty: none)', '');
    const dns = address === '' ? '' : await questions.ask('Name servers, with commas (empty: none)', gateway);
    const lan = said.allowedLan === undefined ? await questions.ask('Networks that may reach the box, with commas (empty: every private network)', '') : '';
    const recipient = said.backup === undefined ? await questions.ask('Backups: the line age1... of "portico backup key new" (empty: none for now)', '') : '';
    const to = recipient === '' ? '' : await questions.ask('Backups to: usb, or sftp://user@host/folder', 'usb');
    const hostKey = to.startsWith('sftp:') ? await questions.ask('The server\'s key, as ssh-keygen -l shows it: SHA256:...', null) : '';
    return {
      ...defaults, ...said, storeId, storeName, hostName, timeZone: zone,
      openingHours: openingHours === '' ? null : openingHours,
      ...(address === '' ? {} : { ethernet: { address, gateway: gateway === '' ? null : gateway, dns: listOf(dns) } }),
      ...(lan === '' ? {} : { allowedLan: listOf(lan) }),
      ...(recipient === '' ? {} : { backup: { recipient, to, hostKey: hostKey === '' ? null : hostKey } }),
    };
  } finally {
    questions.close();
  }
}

const listOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

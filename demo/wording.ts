/** What the demo prints: plain lines, the same in a terminal and in a pipe. Pure. */
import type { LiveEvent, PairingCode } from '../appliance/contract/index.js';
import type { Occasion } from './invitation.js';
import { ADVISERS, BACK_OFFICE, FOUND_BY_WORDS, namesToday, OWNER } from './people.js';

/** @param urls addresses of the box, for this machine last; the ones before it are for other devices of the network */
export function invitationLines(code: PairingCode, occasion: Occasion, urls: readonly string[]): string[] {
  const path = `/pair#${code.code}`;
  const here = urls.at(-1)!;
  const onTheNetwork = urls[0]!;
  if (occasion === 'expired') return [`The pairing code ran out. A fresh one:  ${here}${path}`];
  if (occasion === 'used') return [`A device was paired. The code for another one:  ${urls.map((url) => `${url}${path}`).reverse().join('  or  ')}`];
  return [
    '', `  Open   ${here}${path}`,
    ...urls.slice(0, -1).map((url) => `     or  ${url}${path}  (from an iPad on this network)`),
    '         The code works once and pairs that browser with the box; then the next code is printed here.',
    `  Staff  ${OWNER.name} (manager), PIN ${OWNER.pin}   ${ADVISERS.map(({ name, pin }) => `${name}, PIN ${pin}`).join('   ')}`,
    `         ${BACK_OFFICE.map(({ name, role, pin }) => `${name} (${role === 'it' ? 'IT' : 'privacy officer'}), PIN ${pin}`).join('   ')}`,
    ...deskLines(),
    '  The browser will warn about the certificate: this box signs its own. In the demo it is fine to go on',
    `  (Advanced, then Proceed to ${new URL(here).hostname}). In real use, open ${onTheNetwork}/trust once on each iPad instead.`,
    '  All customers are fictional. Ctrl-C stops.', '',
  ];
}

/** What there is to see at the desk, of whom. */
function deskLines(): string[] {
  const { ready, cameIn, birthday, appointment } = namesToday();
  const { name, initials, phoneTail } = FOUND_BY_WORDS;
  return [
    `  Desk   Sign in as ${ADVISERS[0].name}: each card says what to do next. A repair is ready for ${ready.join(' and ')}, a wish of ${cameIn.join(' and ')} came in,`,
    `         the birthday of ${birthday.join(' and ')} is near, ${appointment.join(' and ')} have an appointment today.`,
    `         ${name} has no face here: tap Find a customer, search for ${initials} or ${phoneTail}, and tap Note arrival.`,
  ];
}

/** Names by customer id, as far as the events told. */
export type Names = Map<string, string>;

/** One line for a recognition event, null for others. Learns names from the event. */
export function eventLine(event: LiveEvent, names: Names): string | null {
  const time = new Date(event.at).toLocaleTimeString('en-GB', { hour12: false });
  const line = (customerId: string, rest: string) => `${time}  ${event.type.padEnd(18)}  ${names.get(customerId) ?? customerId}  ${rest}`;
  switch (event.type) {
    case 'visit.opened': {
      const { visit } = event.data;
      names.set(visit.customerId, visit.displayName);
      return line(visit.customerId, visit.score === null ? visit.arrival : `score ${visit.score.toFixed(2)}`);
    }
    case 'visit.closed':
      return line(event.data.customerId, event.data.reason);
    case 'sighting.candidate': {
      const { candidate } = event.data;
      names.set(candidate.customerId, candidate.displayName);
      return line(candidate.customerId, `score ${candidate.score.toFixed(2)}, staff are asked`);
    }
    case 'visit.updated':
    case 'sighting.resolved':
    case 'customer.forgotten':
    case 'box.health':
      return null;
  }
}

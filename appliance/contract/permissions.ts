import type { Role } from './access.js';

/**
 * Who may do what: each permission and the roles that have it. Every route and socket names one; what is not named here
 * is nobody's. In words, with the routes: docs/roles.md, kept true by a test. The box decides; the page hides. In a file without schemas,
 * so that the page can have it as it is.
 */
export const PERMISSIONS = {
  /** The board, customers, notes, visits, follow-ups, the look-up camera. */
  serve: ['manager', 'associate'],
  /** Stand an iPad in front of customers. */
  front_desk: ['manager', 'associate'],
  /** Ask for consent and take the photos. */
  enrol: ['manager', 'associate'],
  withdraw: ['manager', 'associate', 'privacy_officer'],
  read_notice: ['manager', 'associate', 'privacy_officer'],
  /** Find a customer and open the dossier, which is written down. */
  read_dossier: ['manager', 'associate', 'privacy_officer'],
  /** Everybody has a right to have what is wrong put right; the privacy officer answers for it. */
  correct_dossier: ['manager', 'associate', 'privacy_officer'],
  /** Own fields, the card, greetings, quick notes, products. */
  arrange_desk: ['manager'],
  edit_notice: ['privacy_officer'],
  read_audit: ['privacy_officer'],
  /** Requests, mode, stations, assessments, retention, breaches. */
  privacy_office: ['privacy_officer'],
  manage_staff: ['manager'],
  tune_recognition: ['manager'],
  manage_devices: ['manager', 'it'],
  /** How the box and its recognition are, in numbers about nobody. */
  health: ['manager', 'associate', 'privacy_officer', 'it'],
  /** How the machine is, in full; its slow checks, its backups, its support bundle. */
  look_after_box: ['manager', 'it'],
  /** Head office's nightly release, which is about nobody: what was sent, whether it arrived; send it again. */
  see_export: ['manager', 'privacy_officer', 'it'],
  own_passkeys: ['manager', 'associate', 'privacy_officer', 'it'],
  /** Who is signed in here; lock; sign out. Also at the front desk. */
  own_session: ['manager', 'associate', 'privacy_officer', 'it'],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

/** Devices, staff, sessions on the wire. */
import { Type, type Static } from 'typebox';
import { closed, Id, Instant, Line, Nullable, OneOf } from './base.js';

/**
 * One role a person. `manager`: the desk, its staff and devices. `associate`: the desk. `privacy_officer`: consent, rights,
 * records of processing. `it`: the box and its devices, nobody's data. Who may do what: docs/roles.md.
 */
export const ROLES = ['manager', 'associate', 'privacy_officer', 'it'] as const;
export const Role = OneOf(ROLES);
export type Role = Static<typeof Role>;

export const PairRequest = Type.Object(
  { code: Type.String({ minLength: 4, maxLength: 40 }), deviceName: Line(60) },
  closed,
);
export type PairRequest = Static<typeof PairRequest>;
export const Device = Type.Object(
  { id: Id, name: Type.String(), pairedAt: Instant, lastSeenAt: Nullable(Instant), current: Type.Boolean() },
  closed,
);
export type Device = Static<typeof Device>;
/** A fresh one-time code; `url` opens the pairing page with the code in its fragment, for a QR code. */
export const PairingCode = Type.Object({ code: Type.String(), url: Type.String(), expiresAt: Instant }, closed);
export type PairingCode = Static<typeof PairingCode>;

/** Six digits. */
const Pin = Type.String({ pattern: '^[0-9]{6}$' });
export const OwnerRequest = Type.Object({ name: Line(40), pin: Pin }, closed);
export type OwnerRequest = Static<typeof OwnerRequest>;
export const StaffRequest = Type.Object({ name: Line(40), role: Role, pin: Pin }, closed);
export type StaffRequest = Static<typeof StaffRequest>;
/** A new PIN, set by a manager; it also ends a lock. */
export const PinRequest = Type.Object({ pin: Pin }, closed);
/** One's own PIN, shown again. */
export const ProofRequest = Type.Object({ pin: Pin }, closed);
export const StaffMember = Type.Object({ id: Id, name: Type.String(), role: Role }, closed);
export type StaffMember = Static<typeof StaffMember>;
/** Teams are head office's list (settings of the box); who is in which counts in the nightly release, which knows no persons. */
export const StaffTeams = Type.Object(
  { teams: Type.Array(Type.String()), members: Type.Array(Type.Object({ staffId: Id, team: Type.String() }, closed)) }, closed,
);
export type StaffTeams = Static<typeof StaffTeams>;
export const StaffTeamChange = Type.Object({ team: Nullable(Type.String({ minLength: 1, maxLength: 20 })) }, closed);
export const SignInRequest = Type.Object({ staffId: Id, pin: Pin }, closed);
export type SignInRequest = Static<typeof SignInRequest>;

/**
 * `staff`: everything the role allows. `front_desk`: the iPad stands in front of customers; only the front-desk
 * camera works, no dossier can be read, and leaving it needs a PIN. `handed_over`: one customer holds it for the enrolment; it can do
 * that customer's enrolment and nothing else, and taking it back needs a PIN.
 */
export const SESSION_SCOPES = ['staff', 'front_desk', 'handed_over'] as const;
/** The customer into whose hands the iPad goes. */
export const HandOverRequest = Type.Object({ customerId: Id }, closed);
export const Session = Type.Object(
  {
    staff: StaffMember, scope: OneOf(SESSION_SCOPES), device: Type.Object({ id: Id, name: Type.String() }, closed), expiresAt: Instant,
    /** The customer who holds the iPad; null in the other scopes. */
    handedTo: Nullable(Id),
    /** Without a touch for this long the iPad asks for the PIN again; null: not at the front desk, where nothing can be read. */
    idleLockSeconds: Nullable(Type.Integer({ minimum: 1 })),
    /** Whether this address can have passkeys: they need a host name, an IP address is refused (WebAuthn). */
    passkeysPossible: Type.Boolean(),
  },
  closed,
);
export type Session = Static<typeof Session>;

// ---- Passkeys (WebAuthn level 3; the JSON forms of @simplewebauthn) ---------------------------------------------

/** What the browser is asked, and what it answers: checked by the WebAuthn library, which knows its form. */
const WebAuthnJson = Type.Record(Type.String(), Type.Unknown());
export const PasskeyOptions = WebAuthnJson;
export const PasskeyRegistration = Type.Object({ name: Line(40), response: WebAuthnJson }, closed);
export const PasskeySignIn = Type.Object({ response: WebAuthnJson }, closed);
export const Passkey = Type.Object({ id: Id, name: Type.String(), createdAt: Instant, lastUsedAt: Nullable(Instant) }, closed);
export type Passkey = Static<typeof Passkey>;

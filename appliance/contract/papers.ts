/** What leaves the box on paper or as a file, as data: evidence of a consent, the access copy, the public key. */
import { Type, type Static } from 'typebox';
import { closed, Id, Instant, Nullable, OneOf } from './base.js';
import { Consent, Deletion, NOTICE_FIELDS, Refusal, Signature, type Purpose } from './consent.js';
import { AUDIT_ACTIONS, DOSSIER_REASONS } from './audit.js';
import { Explanation, Restriction, RightsRequest } from './privacy.js';
import { CustomerFields } from './customers.js';
import { ReadableField } from './fields.js';
import { Dossier } from './rest.js';

/** The public keys of the box as a JWK set (RFC 7517). `kid` is the thumbprint of RFC 7638, as papers name it. */
export const KeySet = Type.Object(
  {
    keys: Type.Array(Type.Object(
      {
        kty: Type.Literal('EC'), crv: Type.Literal('P-256'), x: Type.String(), y: Type.String(),
        kid: Type.String(), alg: Type.Literal('ES256'), use: Type.Literal('sig'),
      }, closed)),
  },
  closed,
);
export type KeySet = Static<typeof KeySet>;

/** A consent with all that proves it: who, the notice as it was read, the signature as it was drawn. */
export const ConsentEvidence = Type.Object(
  {
    ...Consent.properties,
    customerId: Id,
    /** Null: the dossier was deleted since. */
    displayName: Nullable(Type.String()),
    /** Name of the device on which it was signed. */
    device: Type.String(),
    notice: Type.Object(
      {
        id: Id, hash: Type.String(), publishedAt: Instant,
        /** In the language in which the customer read it. */
        text: Type.Array(Type.Object({ field: OneOf(NOTICE_FIELDS), text: Type.String() }, closed)),
      }, closed),
    signature: Signature,
  },
  closed,
);
export type ConsentEvidence = Static<typeof ConsentEvidence>;

/**
 * For the audit pack: with what else the seal covers, so that it can be worked out anew. Of a consent that a guardian signed the
 * child's birth day is missing and stays on the box: there the seal can only be held against the audit log.
 */
export interface SealedEvidence extends ConsentEvidence {
  sealed: { /** In the order in which they were ticked; some may have been taken back since. */ purposes: Purpose[]; staffId: string; deviceId: string };
}

/** Everything about a person (PIPL 45, GDPR 15), except the numbers of the template: they mean nothing outside the box. */
export const AccessCopy = Type.Object(
  {
    madeAt: Instant, storeName: Type.String(),
    /** ISO 4217, in whose smallest unit amounts are. */
    currency: Type.String(),
    dossier: Dossier,
    consents: Type.Array(ConsentEvidence),
    refusals: Type.Array(Refusal),
    deletions: Type.Array(Deletion),
    explanations: Type.Array(Explanation),
    requests: Type.Array(RightsRequest),
    restriction: Restriction,
    /** What is kept of dossiers that turned out to be the same person's and went into this one. */
    formerDossiers: Type.Array(Type.Object({ ...CustomerFields.properties, mergedAt: Instant }, closed)),
    /** As whose companion other dossiers name this person, in their words; not whose dossiers. */
    companionOf: Type.Array(Type.Object({ name: Type.String(), relation: Type.String() }, closed)),
    /** What stands and stood in the store's own fields, in words; of merged dossiers too. */
    ownFields: Type.Array(ReadableField),
    /** What else the audit log says was done with this dossier, oldest first. */
    log: Type.Array(Type.Object({ at: Instant, action: OneOf(AUDIT_ACTIONS) }, closed)),
    /** Who opened the dossier. */
    opened: Type.Array(Type.Object({ at: Instant, staff: Type.String(), reason: Nullable(OneOf(DOSSIER_REASONS)) }, closed)),
  },
  closed,
);
export type AccessCopy = Static<typeof AccessCopy>;

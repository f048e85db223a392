/** Own fields: the form that a manager makes without a developer, and what is written into it. */
import { Type, type Static } from 'typebox';
import { closed, Day, Id, Instant, Language, Line, Nullable, OneOf, Words } from './base.js';

export const FIELD_KINDS = ['text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'product', 'photo'] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];
/** Who sees a field: everybody who serves, or managers only. The privacy officer sees all: they answer for what is stored. */
export const FIELD_VISIBILITY = ['everybody', 'manager'] as const;
/** What may stand on the card beside own fields; `fact`: the next free fact. */
export const CARD_BUILTINS = ['fact', 'size', 'like', 'wish', 'last_purchase', 'points', 'date'] as const;

const Option = Type.Object({ id: Id, name: Words(40) }, closed);
const field = {
  name: Words(40), kind: OneOf(FIELD_KINDS), required: Type.Boolean(), visibleTo: OneOf(FIELD_VISIBILITY),
};
/** `removedOptions`: not to be chosen any more; named for the values that still hold them, and to be brought back. */
export const OwnField = Type.Object({ id: Id, ...field, options: Type.Array(Option), removedOptions: Type.Array(Option) }, closed);
export type OwnField = Static<typeof OwnField>;
export const FieldSection = Type.Object({ id: Id, name: Words(40), fields: Type.Array(OwnField) }, closed);
/** One of the three places on the card. */
export const CardSlot = Type.Union([
  Type.Object({ builtin: OneOf(CARD_BUILTINS) }, closed),
  Type.Object({ fieldId: Id }, closed),
]);
export type CardSlot = Static<typeof CardSlot>;
/**
 * Empty `card`: the customer's free facts, as delivered. `removed`: for managers, fields that can still be brought back as they were, until
 * when, and how many customers have something in them.
 */
export const OwnForm = Type.Object(
  {
    revision: Type.Integer(), sections: Type.Array(FieldSection), card: Type.Array(CardSlot),
    removed: Type.Array(Type.Object({ ...OwnField.properties, until: Instant, holders: Type.Integer({ minimum: 0 }) }, closed)),
  },
  closed,
);
export type OwnForm = Static<typeof OwnForm>;

/**
 * The whole form as it shall be. What has an id that the form knows stays what it is (its kind does not change); what has another id, made
 * by the iPad, or none, is new; what is missing is removed; a removed field that is named again comes back. `revision`: of the form that was
 * edited.
 */
export const OwnFormChange = Type.Object(
  {
    revision: Type.Integer(),
    sections: Type.Array(Type.Object(
      {
        id: Type.Optional(Id), name: Words(40),
        fields: Type.Array(Type.Object(
          { id: Type.Optional(Id), ...field, options: Type.Array(Type.Object({ id: Type.Optional(Id), name: Words(40) }, closed), { maxItems: 60 }) }, closed), { maxItems: 40 }),
      }, closed), { maxItems: 20 }),
    card: Type.Array(CardSlot, { maxItems: 3 }),
  },
  closed,
);
export type OwnFormChange = Static<typeof OwnFormChange>;

/** What stands in a field, by its kind. Money is in the smallest unit of the box's currency. */
export const FieldData = Type.Union([
  Type.Object({ text: Line(500) }, closed),
  Type.Object({ number: Type.Number({ minimum: -1e12, maximum: 1e12 }) }, closed),
  Type.Object({ moneyMinor: Type.Integer({ minimum: -1e14, maximum: 1e14 }) }, closed),
  Type.Object({ day: Day }, closed),
  Type.Object({ choices: Type.Array(Id, { minItems: 1, maxItems: 60, uniqueItems: true }) }, closed),
  Type.Object({ yes: Type.Boolean() }, closed),
  Type.Object({ productId: Id, productName: Type.Optional(Type.String()) }, closed),
  Type.Object({ fileId: Id }, closed),
]);
export type FieldData = Static<typeof FieldData>;
/** `changes`: how often it was written, the first time included. */
export const FieldValue = Type.Object({ fieldId: Id, value: FieldData, at: Instant, by: Type.String(), changes: Type.Integer({ minimum: 0 }) }, closed);
export type FieldValue = Static<typeof FieldValue>;
/** What a dossier that was merged into this one says in a field that is empty here. `from`: whose dossier it was, by name. */
export const FormerFieldValue = Type.Object({ fieldId: Id, value: FieldData, at: Instant, by: Type.String(), from: Type.String() }, closed);
export type FormerFieldValue = Static<typeof FormerFieldValue>;
/** Null: empty it. `base`: what stood there when the editing began, as with CustomerChange. */
export const FieldValuesChange = Type.Object(
  {
    values: Type.Array(Type.Object(
      { fieldId: Id, value: Nullable(FieldData), base: Type.Optional(Nullable(FieldData)) }, closed), { minItems: 1, maxItems: 200 }),
  },
  closed,
);
export type FieldValuesChange = Static<typeof FieldValuesChange>;
export const FieldHistory = Type.Array(Type.Object(
  { before: Nullable(FieldData), after: Nullable(FieldData), at: Instant, by: Type.String() }, closed));
export type FieldHistory = Static<typeof FieldHistory>;

export const FIELD_TESTS = ['is', 'contains', 'at_least', 'at_most', 'filled', 'empty'] as const;
/** Customers whose field is like this. */
export const FieldQuery = Type.Object({ fieldId: Id, test: OneOf(FIELD_TESTS), value: Type.Optional(FieldData) }, closed);
export type FieldQuery = Static<typeof FieldQuery>;

export const FieldHistoryParams = Type.Object({ id: Id, fieldId: Id }, closed);
/** The chosen fields as CSV. */
export const FieldExportQuery = Type.Object({ fields: Type.String({ pattern: '^[0-9a-f-]{36}(,[0-9a-f-]{36}){0,199}$' }), language: Type.Optional(Language) }, closed);

/** Something to be read without the form: ids have become names. Numbers, money and days are written as the reader's language does. */
export const Readable = Type.Union([
  Type.Object({ text: Type.String() }, closed),
  Type.Object({ words: Type.Object({ 'zh-CN': Type.String(), en: Type.String() }, closed) }, closed), Type.Object({ number: Type.Number() }, closed),
  Type.Object({ moneyMinor: Type.Integer() }, closed), Type.Object({ day: Day }, closed), Type.Object({ yes: Type.Boolean() }, closed),
  Type.Object({ monthDay: Type.String({ pattern: '^[0-9]{2}-[0-9]{2}$' }) }, closed),
]);
export type Readable = Static<typeof Readable>;
/** A fact on the card, with what it is of. */
export const CardFact = Type.Object({ label: Nullable(Words(40)), value: Readable }, closed);
export type CardFact = Static<typeof CardFact>;

/** All that is stored in one own field of one person, for the access copy. `value` null: it was emptied; the history is still there. */
export const ReadableField = Type.Object(
  {
    name: Words(40), value: Nullable(Readable), at: Instant, by: Type.String(),
    history: Type.Array(Type.Object({ before: Nullable(Readable), after: Nullable(Readable), at: Instant, by: Type.String() }, closed)),
  },
  closed,
);
export type ReadableField = Static<typeof ReadableField>;

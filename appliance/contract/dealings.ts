/** What the store sells, and what it has to do with a customer: wishes, purchases, service tickets, appointments, files. */
import { Type, type Static } from 'typebox';
import { AgeMs, closed, Day, Id, Instant, Line, Nullable, OneOf } from './base.js';

/** Money, in the smallest unit of the box's currency (BoxInfo). */
export const MINOR_MAX = 1e13;
const Minor = Type.Integer({ minimum: 0, maximum: MINOR_MAX });

const product = {
  /** The store's own number of the article. */
  sku: Line(40), name: Line(80), category: Nullable(Line(40)), brand: Nullable(Line(40)), priceMinor: Nullable(Minor),
  /** As the scanner reads it. */
  barcode: Nullable(Type.String({ pattern: '^[\\x21-\\x7e]{1,80}$' })),
  inStock: Type.Boolean(),
};
export const ProductFields = Type.Object(product, closed);
export type ProductFields = Static<typeof ProductFields>;
/** `arrivedAt`: when it last came in; wishes for it that are older have arrived. */
export const Product = Type.Object({ id: Id, ...product, arrivedAt: Nullable(Instant) }, closed);
export type Product = Static<typeof Product>;
/** `waiting`: how many customers wish for it and wait for it to come in. */
export const ListedProduct = Type.Object({ ...Product.properties, waiting: Type.Integer({ minimum: 0 }) }, closed);
export type ListedProduct = Static<typeof ListedProduct>;
export const ProductCreate = Type.Object(
  { sku: product.sku, name: product.name, ...Type.Partial(Type.Object({ category: product.category, brand: product.brand, priceMinor: product.priceMinor, barcode: product.barcode, inStock: product.inStock })).properties }, closed);
export type ProductCreate = Static<typeof ProductCreate>;
export const ProductChange = Type.Partial(ProductFields, { ...closed, minProperties: 1 });
export type ProductChange = Static<typeof ProductChange>;
export const ProductQuery = Type.Object(
  { query: Type.Optional(Type.String({ maxLength: 60 })), limit: Type.Optional(Type.String({ pattern: '^([1-9]|[1-9][0-9]|100)$' })) }, closed);
/** `dryRun`: only say what would become of the file. */
export const ImportQuery = Type.Object({ dryRun: Type.Optional(OneOf(['true'] as const)) }, closed);
export type ImportQuery = Static<typeof ImportQuery>;
/** Why a line of a CSV file was not taken. */
export const IMPORT_PROBLEMS = [
  'empty', 'too_long', 'price_invalid', 'barcode_invalid', 'stock_invalid', 'sku_twice', 'barcode_taken', 'columns_wrong',
] as const;
/**
 * What became of a CSV file, or would; `line` counts from 1, the heading included. `refused`: every problem of every line, the first 500;
 * `refusedLines`: how many lines are not taken over. `sample`: how the first lines are read.
 */
export const ProductImport = Type.Object(
  {
    added: Type.Integer({ minimum: 0 }), changed: Type.Integer({ minimum: 0 }), unchanged: Type.Integer({ minimum: 0 }),
    refused: Type.Array(Type.Object({ line: Type.Integer({ minimum: 1 }), code: OneOf(IMPORT_PROBLEMS), column: Nullable(Type.String()) }, closed)),
    refusedLines: Type.Integer({ minimum: 0 }),
    sample: Type.Array(Type.Object({ line: Type.Integer({ minimum: 1 }), becomes: OneOf(['added', 'changed', 'unchanged'] as const), product: ProductFields }, closed)),
  },
  closed,
);
export type ProductImport = Static<typeof ProductImport>;

export const WISH_OUTCOMES = ['bought', 'dropped'] as const;
export const Wish = Type.Object(
  {
    id: Id, productId: Nullable(Id), text: Type.String(), at: Instant, by: Type.String(),
    /** When the article came in, if it did after the wish; null: not yet, or the wish names no article. */
    arrivedAt: Nullable(Instant), ended: Nullable(Type.Object({ at: Instant, outcome: OneOf(WISH_OUTCOMES) }, closed)),
  },
  closed,
);
export type Wish = Static<typeof Wish>;
/** A product of the list, or free words. */
export const WishRequest = Type.Object({ productId: Type.Optional(Id), text: Type.Optional(Line(120)), id: Type.Optional(Id), ageMs: AgeMs }, { ...closed, minProperties: 1 });
export type WishRequest = Static<typeof WishRequest>;
export const WishEnd = Type.Object({ outcome: OneOf(WISH_OUTCOMES) }, closed);

/** One article that was bought; `returned`: how many of it came back; `takeBackUntil`: so long whoever wrote it down may take it back as a slip. */
export const Purchase = Type.Object(
  {
    id: Id, productId: Nullable(Id), text: Type.String(), quantity: Type.Integer({ minimum: 1 }), amountMinor: Minor, receiptNo: Nullable(Type.String()),
    at: Instant, by: Type.String(), takeBackUntil: Instant, visitId: Nullable(Id), returned: Type.Integer({ minimum: 0 }),
    returns: Type.Array(Type.Object({ id: Id, quantity: Type.Integer(), amountMinor: Minor, at: Instant, by: Type.String() }, closed)),
  },
  closed,
);
export type Purchase = Static<typeof Purchase>;
/** `amountMinor`: for all of `quantity` together; default: the list price. The visit of the customer at that time is taken along. */
export const PurchaseRequest = Type.Object(
  {
    productId: Type.Optional(Id), text: Type.Optional(Line(120)), quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 999 })), amountMinor: Type.Optional(Minor),
    receiptNo: Type.Optional(Nullable(Line(40))), id: Type.Optional(Id), ageMs: AgeMs,
  },
  { ...closed, minProperties: 1 },
);
export type PurchaseRequest = Static<typeof PurchaseRequest>;
export const ReturnRequest = Type.Object({ quantity: Type.Integer({ minimum: 1, maximum: 999 }), amountMinor: Minor, id: Type.Optional(Id) }, closed);
export type ReturnRequest = Static<typeof ReturnRequest>;

/** `ready`: the customer can come for it. */
export const TICKET_STATES = ['open', 'waiting', 'ready', 'done'] as const;
export const Ticket = Type.Object(
  {
    id: Id, subject: Type.String(), detail: Type.String(), state: OneOf(TICKET_STATES), dueOn: Nullable(Day), at: Instant, by: Type.String(),
    changedAt: Instant, doneAt: Nullable(Instant),
  },
  closed,
);
export type Ticket = Static<typeof Ticket>;
export const TicketRequest = Type.Object(
  { subject: Line(80), detail: Type.Optional(Type.String({ maxLength: 2000 })), dueOn: Type.Optional(Nullable(Day)), id: Type.Optional(Id), ageMs: AgeMs }, closed);
export type TicketRequest = Static<typeof TicketRequest>;
export const TicketChange = Type.Object(
  {
    subject: Type.Optional(Line(80)), detail: Type.Optional(Type.String({ maxLength: 2000 })), dueOn: Type.Optional(Nullable(Day)),
    state: Type.Optional(OneOf(TICKET_STATES)),
  },
  { ...closed, minProperties: 1 },
);
export type TicketChange = Static<typeof TicketChange>;

export const APPOINTMENT_STATES = ['planned', 'kept', 'missed', 'cancelled'] as const;
export const Appointment = Type.Object(
  {
    id: Id, at: Instant, minutes: Type.Integer({ minimum: 1 }), subject: Type.String(), adviser: Nullable(Type.Object({ id: Id, name: Type.String() }, closed)),
    state: OneOf(APPOINTMENT_STATES), madeAt: Instant, by: Type.String(),
  },
  closed,
);
export type Appointment = Static<typeof Appointment>;
/** `day` and `time` are the store's own, whatever the iPad is set to. A time that the clock change skips is moved on by it. */
const when = { day: Day, time: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' }) };
export const AppointmentRequest = Type.Object(
  {
    ...when, minutes: Type.Optional(Type.Integer({ minimum: 5, maximum: 600 })), subject: Line(80), adviserId: Type.Optional(Nullable(Id)), id: Type.Optional(Id),
  },
  closed,
);
export type AppointmentRequest = Static<typeof AppointmentRequest>;
export const AppointmentChange = Type.Object(
  {
    ...Type.Partial(Type.Object(when)).properties, minutes: Type.Optional(Type.Integer({ minimum: 5, maximum: 600 })), subject: Type.Optional(Line(80)),
    adviserId: Type.Optional(Nullable(Id)), state: Type.Optional(OneOf(APPOINTMENT_STATES)),
  },
  { ...closed, minProperties: 1 },
);
export type AppointmentChange = Static<typeof AppointmentChange>;
export const AppointmentQuery = Type.Object({ day: Type.Optional(Day) }, closed);
/** Of one day, with whom. */
export const DayAppointment = Type.Object({ ...Appointment.properties, customerId: Id, displayName: Type.String(), salutation: Nullable(Type.String()) }, closed);
export type DayAppointment = Static<typeof DayAppointment>;

export const FILE_KINDS = ['image/jpeg', 'application/pdf'] as const;
export const FILE_BYTES_MAX = 4_000_000;
/** A paper, or a photo of a thing; never of a face. `bytes`: its size. */
export const StoredFile = Type.Object(
  { id: Id, name: Type.String(), mime: OneOf(FILE_KINDS), bytes: Type.Integer({ minimum: 0 }), at: Instant, by: Type.String() }, closed);
export type StoredFile = Static<typeof StoredFile>;
export const FileQuery = Type.Object({ name: Line(80), id: Type.Optional(Id) }, closed);

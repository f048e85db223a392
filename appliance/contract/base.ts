/** What the schemas of the wire are made of. */
import { Type, type Static, type TSchema } from 'typebox';

/** Major version of both socket protocols and of `/api/v1`. */
export const PROTOCOL_VERSION = 1;

export const closed = { additionalProperties: false } as const;
export const Id = Type.String({ format: 'uuid' });
/** ISO 8601 instant in UTC with milliseconds. */
export const Instant = Type.String({ format: 'date-time' });
/** Calendar date, YYYY-MM-DD, in the store's time zone. */
export const Day = Type.String({ format: 'date' });
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const OneOf = <T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
export const Line = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '\\S' });

export const LANGUAGES = ['zh-CN', 'en'] as const;
export const Language = OneOf(LANGUAGES);
export type Language = Static<typeof Language>;

/** The same in each language of the page. */
export const Words = (maxLength: number) => Type.Object({ 'zh-CN': Line(maxLength), en: Line(maxLength) }, closed);
export type Words = { [language in Language]: string };

export const ErrorBody = Type.Object(
  {
    code: Type.String(),
    message: Type.String(),
    details: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]))),
  },
  { ...closed, description: 'Every error has this form. `code` is one of docs/protocol.md.' },
);
export type ErrorBody = Static<typeof ErrorBody>;

export const IdParams = Type.Object({ id: Id }, closed);

/** How long ago something was written down that reaches the box only now, milliseconds; a week at most. */
export const AGE_MS_MAX = 7 * 86_400_000;
export const AgeMs = Type.Optional(Type.Integer({ minimum: 0, maximum: AGE_MS_MAX }));

import type { Companion, CustomerFields, FieldData, Size, YearlyDate } from '../contract.js';
import { typedFields, type DossierForm } from '../dossier/edit.js';
import { editsOf, type EditWork, type Entry, type Work } from './entry.js';

/** What `valueText` needs of the page's language. */
export interface Speech {
  t: (key: string, values?: Record<string, unknown>) => string;
  number: (n: number) => string;
  money: (minor: number) => string;
  longDay: (day: string) => string;
}

export const fieldName = (work: EditWork, field: string, { t }: Speech): string => (work.kind === 'customer' ? t(`person.${field}`) : (work.names[field] ?? field));

/** What stands in a field, in a line. */
export function valueText(work: EditWork, field: string, value: unknown, speech: Speech): string {
  const { t, number } = speech;
  if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return t('outbox.nothing');
  if (work.kind === 'fields') return ownText(value as FieldData, work.names, speech);
  if (typeof value === 'boolean') return t(value ? 'outbox.yes' : 'outbox.no');
  if (typeof value === 'number') return number(value);
  if (!Array.isArray(value)) return String(value);
  return value.map((part: unknown) => {
    if (field === 'contactBy') return t(`person.way_${String(part)}`);
    if (field === 'sizes') return `${(part as Size).label} ${(part as Size).value}`;
    if (field === 'companions') return `${(part as Companion).name} (${(part as Companion).relation})`;
    if (field !== 'dates') return String(part);
    const { kind, label, month, day, year } = part as YearlyDate;
    return `${label ?? t(`person.date_${kind}`)} ${[year, month, day].filter((number) => number !== null).join('-')}`;
  }).join(' · ');
}

function ownText(value: FieldData, names: Readonly<Record<string, string>>, { t, number, money, longDay }: Speech): string {
  if ('text' in value) return value.text;
  if ('number' in value) return number(value.number);
  if ('moneyMinor' in value) return money(value.moneyMinor);
  if ('day' in value) return longDay(value.day);
  if ('choices' in value) return value.choices.map((choice) => names[choice] ?? choice).join(' · ');
  if ('yes' in value) return t(value.yes ? 'outbox.yes' : 'outbox.no');
  if ('productId' in value) return value.productName ?? names[value.productId] ?? value.productId;
  return t('outbox.photo');
}

/** What kind of thing it is, in a word. */
export const kindText = ({ work }: Entry, { t }: Speech): string => t(`outbox.kind.${work.kind === 'made' ? work.made.what : work.kind}`);

/** What somebody wrote, as text that can be copied or kept as a note. */
export function entryText({ work }: { work: Work }, speech: Speech): string {
  switch (work.kind) {
    case 'note': case 'follow_up_done': case 'made': return work.text;
    case 'follow_up': return [work.text, work.dueOn && speech.t('outbox.due', { day: speech.longDay(work.dueOn) })].filter(Boolean).join(' · ');
    case 'stage': return speech.t(work.reached ? 'outbox.reached' : 'outbox.notReached', { stage: speech.t(`during.stage.${work.stage}`) });
    case 'customer': case 'fields':
      return Object.entries(work.edits).map(([field, { mine }]) => `${fieldName(work, field, speech)}: ${valueText(work, field, mine, speech)}`).join('\n');
  }
}

/** What the draft of a dossier's form would change, as text; whatever is amiss with it. */
export function formText(draft: unknown, speech: Speech): string {
  const { form, seen } = draft as { form: DossierForm; seen: CustomerFields };
  const wanted = { ...typedFields(form), phone: form.phone.trim() || null };
  return entryText({ work: { kind: 'customer', edits: editsOf(wanted, { ...seen }) } }, speech);
}

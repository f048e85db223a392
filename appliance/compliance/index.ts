/** The door of the room: what the law asks the store itself to decide, to write down and to keep count of. */
export { Assessments } from './assessments.js';
export { Breaches, type Affected } from './breaches.js';
export { Modes, type Officer } from './modes.js';
export { Overview } from './overview.js';
export { StoredPersons } from './persons.js';
export { Retention, type Retained } from './retention.js';
export { ownTerms, TERMS, type Term } from './terms.js';
export { isWorkday, isYearKnown, workdaysAfter } from './workdays.js';

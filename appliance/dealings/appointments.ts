import type { Appointment, APPOINTMENT_STATES, AppointmentChange, AppointmentRequest, DayAppointment } from '../contract/index.js';
import type { EventBus } from '../events/index.js';
import { dayBounds, instantOf, PorticoError, storeClock, toDay, toInstant, type Clock } from '../kit/index.js';
import { movableRows, type Database, type MovableRows } from '../storage/index.js';
import { NOT_HELD, once, type Need } from './once.js';

interface AppointmentRow {
  id: string; customer_id: string; at_ms: number; minutes: number; subject: string; adviser_id: string | null; adviser: string | null;
  state: (typeof APPOINTMENT_STATES)[number]; made_at_ms: number; by: string;
}
interface DayRow extends AppointmentRow { display_name: string; salutation: string | null }
const COLUMNS = 'appointment.id, customer_id, at_ms, minutes, subject, adviser_id, adviser.name AS adviser, state, made_at_ms, maker.name AS "by"';
const FROM = 'FROM appointment JOIN staff AS maker ON maker.id = staff_id LEFT JOIN staff AS adviser ON adviser.id = adviser_id';
const MINUTES_DEFAULT = 60;
const MINUTE_MS = 60_000;

/** When customers said they would come. */
export class Appointments {
  readonly rows: MovableRows;
  readonly #deps: { db: Database; clock: Clock; events: EventBus; timeZone: string; need: () => Need };

  constructor(deps: { db: Database; clock: Clock; events: EventBus; timeZone: string; need: () => Need }) {
    this.#deps = deps;
    this.rows = movableRows(deps.db, 'appointment');
  }

  /** @throws PorticoError date_invalid, staff_not_found, id_taken, and as `Need` says */
  add(customerId: string, request: AppointmentRequest, staffId: string): Appointment {
    const { db, clock, need } = this.#deps;
    return db.transaction(() => {
      need().requireCustomer(customerId);
      const { minutes = MINUTES_DEFAULT, adviserId = null } = request;
      const atMs = this.#instant(request.day, request.time);
      const subject = request.subject.trim();
      const { id, isThere } = once(db, 'appointment', request.id, { customer_id: customerId });
      if (isThere) {
        const row = this.#row(id);
        // It may have been moved or renamed since; both at once is another one.
        if (row.subject !== subject && row.at_ms !== atMs) throw new PorticoError('id_taken');
        return toAppointment(row);
      }
      need().mayAdd(customerId);
      this.#requireStaff(adviserId);
      db.run(`INSERT INTO appointment (id, customer_id, at_ms, minutes, subject, adviser_id, state, staff_id, made_at_ms) VALUES (?, ?, ?, ?, ?, ?, 'planned', ?, ?)`,
        id, customerId, atMs, minutes, subject, adviserId, staffId, clock.now());
      this.#tell(customerId);
      return toAppointment(this.#row(id));
    });
  }

  /** While the customer is restricted only its state goes on. @throws PorticoError appointment_not_found, date_invalid, staff_not_found, customer_restricted */
  change(id: string, change: AppointmentChange): Appointment {
    const { db, need, timeZone } = this.#deps;
    return db.transaction(() => {
      const row = this.#row(id);
      if (Object.keys(change).some((field) => field !== 'state')) need().mayAdd(row.customer_id);
      const shown = storeClock(row.at_ms, timeZone);
      const isMoved = change.day !== undefined || change.time !== undefined;
      if (change.adviserId !== undefined) this.#requireStaff(change.adviserId);
      db.run('UPDATE appointment SET at_ms = ?, minutes = ?, subject = ?, adviser_id = ?, state = ? WHERE id = ?',
        isMoved ? this.#instant(change.day ?? shown.day, change.time ?? shown.time) : row.at_ms, change.minutes ?? row.minutes, change.subject?.trim() ?? row.subject,
        change.adviserId === undefined ? row.adviser_id : change.adviserId, change.state ?? row.state, id);
      this.#tell(row.customer_id);
      return toAppointment(this.#row(id));
    });
  }

  /** Those to come first, the soonest first; then the others, the newest first. @param limit default 200; -1: all */
  of(customerId: string, limit = 200): Appointment[] {
    return this.#deps.db.all<AppointmentRow>(
      `SELECT ${COLUMNS} ${FROM} WHERE customer_id = ? ORDER BY state <> 'planned', CASE state WHEN 'planned' THEN at_ms ELSE -at_ms END LIMIT ?`, customerId, limit)
      .map(toAppointment);
  }

  /** Those still planned that begin in this time, the earliest first. */
  planned(customerId: string, fromMs: number, toMs: number): Appointment[] {
    return this.#deps.db.all<AppointmentRow>(
      `SELECT ${COLUMNS} ${FROM} WHERE customer_id = ? AND at_ms BETWEEN ? AND ? AND state = 'planned' ORDER BY at_ms`, customerId, fromMs, toMs).map(toAppointment);
  }

  /** Of one day of the store, the earliest first; cancelled ones are not in it. @param day default: today @throws PorticoError date_invalid */
  ofDay(day = toDay(this.#deps.clock.now(), this.#deps.timeZone)): DayAppointment[] {
    this.#instant(day, '00:00');
    const { fromMs, toMs } = dayBounds(day, this.#deps.timeZone);
    return this.#deps.db.all<DayRow>(
      `SELECT ${COLUMNS}, display_name, salutation ${FROM} JOIN customer ON customer.id = customer_id
       WHERE at_ms >= ? AND at_ms < ? AND state <> 'cancelled' ORDER BY at_ms, appointment.rowid`, fromMs, toMs)
      .map((row) => ({ ...toAppointment(row), customerId: row.customer_id, displayName: row.display_name, salutation: row.salutation }));
  }

  erase(customerId: string): void {
    this.#deps.db.run('DELETE FROM appointment WHERE customer_id = ?', customerId);
  }

  countOver(): number {
    return this.#deps.db.get<{ n: number }>('SELECT count(*) AS n FROM appointment WHERE at_ms + minutes * ? < ?', MINUTE_MS, this.#deps.clock.now())!.n;
  }

  /** What was over before that, whatever became of it. */
  deleteBefore(ms: number, held: string): number {
    return this.#deps.db.run(`DELETE FROM appointment WHERE at_ms + minutes * ? < ? AND ${NOT_HELD}`, MINUTE_MS, ms, held).changes;
  }

  #instant(day: string, time: string): number {
    const atMs = instantOf(day, time, this.#deps.timeZone);
    if (Number.isNaN(atMs)) throw new PorticoError('date_invalid');
    return atMs;
  }

  #requireStaff(staffId: string | null): void {
    if (staffId !== null && this.#deps.db.get('SELECT 1 FROM staff WHERE id = ? AND left_at_ms IS NULL', staffId) === undefined) throw new PorticoError('staff_not_found');
  }

  #tell(customerId: string): void {
    this.#deps.db.afterCommit(() => this.#deps.events.emit('customerChanged', { customerId }));
  }

  #row(id: string): AppointmentRow {
    const row = this.#deps.db.get<AppointmentRow>(`SELECT ${COLUMNS} ${FROM} WHERE appointment.id = ?`, id);
    if (row === undefined) throw new PorticoError('appointment_not_found');
    return row;
  }
}

function toAppointment(row: AppointmentRow): Appointment {
  return {
    id: row.id, at: toInstant(row.at_ms), minutes: row.minutes, subject: row.subject, adviser: row.adviser_id === null ? null : { id: row.adviser_id, name: row.adviser! },
    state: row.state, madeAt: toInstant(row.made_at_ms), by: row.by,
  };
}

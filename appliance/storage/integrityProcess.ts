/** Entry of the process that looks through both files; is sent where they are, says one word and ends. */
import { isPorticoError, refuseEgress } from '../kit/index.js';
import { Database } from './database.js';
import type { ReaderTicket } from './index.js';
import type { Integrity } from './integrity.js';

refuseEgress([]);

function look(ticket: ReaderTicket): Integrity {
  let db: Database | null = null;
  try {
    db = Database.open({ ...ticket, readOnly: true });
    const open = db;
    return ['main', 'vault'].every((file) => open.all<{ quick_check: string }>(`PRAGMA ${file}.quick_check(1)`).every((row) => row.quick_check === 'ok')) ? 'whole' : 'damaged';
  } catch (error) {
    // A page whose seal does not fit reads as "not a database"; the key was right when the box started.
    return isPorticoError(error) && (error.code === 'db_corrupt' || error.code === 'db_key_wrong') ? 'damaged' : 'failed';
  } finally {
    db?.close();
  }
}

process.once('message', (ticket) => {
  process.send?.(look(ticket as ReaderTicket), () => process.disconnect());
});

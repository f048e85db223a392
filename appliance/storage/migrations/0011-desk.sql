-- What follows is made anew: tables with a CHECK or UNIQUE that no longer fits, and the triggers of 0008 that stand on them.
DROP TRIGGER contact_by_itself;
DROP TRIGGER contact_by_visit;
DROP TRIGGER contact_by_longer_visit;
DROP TRIGGER contact_by_note;
DROP TRIGGER contact_by_follow_up;
DROP TRIGGER contact_by_done_follow_up;
DROP TRIGGER contact_by_consent;
DROP TRIGGER contact_by_merge;
DROP TRIGGER contact_by_undone_merge;

-- customers ----------------------------------------------------------------------------------------------------
-- A phone number may belong to two people, such as a couple; a member number to one.
CREATE TABLE customer_next (
  id TEXT PRIMARY KEY,
  display_name TEXT NOT NULL,
  salutation TEXT,
  phone TEXT,
  tier TEXT,
  created_at_ms INTEGER NOT NULL,
  merged_into_id TEXT REFERENCES customer_next (id),
  last_contact_ms INTEGER NOT NULL DEFAULT 0,
  member_no TEXT UNIQUE COLLATE NOCASE,
  points INTEGER NOT NULL DEFAULT 0 CHECK (points >= 0),
  email TEXT,
  wechat TEXT,
  -- Comma list of contract/CONTACT_WAYS, the preferred one first; empty: not said.
  contact_by TEXT NOT NULL DEFAULT '',
  contact_when TEXT,
  -- 1: the customer does not want to be contacted at all.
  contact_never INTEGER NOT NULL DEFAULT 0 CHECK (contact_never IN (0, 1)),
  -- Who made it, so that a request that is sent again is known; null: the box, or before this was kept.
  made_by TEXT REFERENCES staff (id)
) STRICT;
INSERT INTO customer_next (id, display_name, salutation, phone, tier, created_at_ms, merged_into_id, last_contact_ms)
  SELECT id, display_name, salutation, phone, tier, created_at_ms, merged_into_id, last_contact_ms FROM customer ORDER BY rowid;
DROP TABLE customer;
ALTER TABLE customer_next RENAME TO customer;
CREATE INDEX customer_by_phone ON customer (phone) WHERE phone IS NOT NULL;
CREATE INDEX customer_by_name ON customer (display_name);
CREATE INDEX customer_newest ON customer (created_at_ms) WHERE merged_into_id IS NULL;
CREATE INDEX customer_merged ON customer (merged_into_id) WHERE merged_into_id IS NOT NULL;

CREATE TABLE customer_line_next (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  kind TEXT NOT NULL CHECK (kind IN ('fact', 'do_not', 'allergy', 'like', 'dislike', 'size')),
  position INTEGER NOT NULL,
  -- What a size is of; null for the other kinds.
  label TEXT,
  text TEXT NOT NULL,
  -- When and by whom it was written down first; null: before this was kept.
  at_ms INTEGER,
  staff_id TEXT REFERENCES staff (id),
  -- The merge that copied it here; null: it was written here.
  copied_by TEXT,
  PRIMARY KEY (customer_id, kind, position),
  CHECK ((kind = 'size') = (label IS NOT NULL))
) STRICT;
INSERT INTO customer_line_next (customer_id, kind, position, text) SELECT customer_id, kind, position, text FROM customer_line ORDER BY rowid;
DROP TABLE customer_line;
ALTER TABLE customer_line_next RENAME TO customer_line;

-- A day of the year; 29 February is one.
CREATE TABLE customer_date (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('birthday', 'anniversary', 'other')),
  label TEXT,
  month INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12),
  day INTEGER NOT NULL CHECK (day BETWEEN 1 AND 31),
  year INTEGER,
  PRIMARY KEY (customer_id, position)
) STRICT;
CREATE INDEX customer_date_of_year ON customer_date (month, day);

CREATE TABLE companion (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  relation TEXT NOT NULL,
  -- The companion's own dossier, if there is one.
  other_id TEXT REFERENCES customer (id),
  PRIMARY KEY (customer_id, position)
) STRICT;
CREATE INDEX companion_by_other ON companion (other_id) WHERE other_id IS NOT NULL;

-- Tags and cards that a reader types: an HMAC of what it types, so that the file cannot be used to copy one.
CREATE TABLE customer_tag (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  hash BLOB NOT NULL UNIQUE,
  label TEXT,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_tag_by_customer ON customer_tag (customer_id);

-- The rotating member code (TOTP, RFC 6238): a secret a customer, the handle that stands in the code, and the last step that was
-- used, so that no code counts twice.
CREATE TABLE member_code (
  customer_id TEXT PRIMARY KEY REFERENCES customer (id),
  handle TEXT NOT NULL UNIQUE,
  secret BLOB NOT NULL,
  made_at_ms INTEGER NOT NULL,
  last_step INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Two dossiers that look alike and are two people; `a` is the smaller id.
CREATE TABLE duplicate_dismissed (
  a TEXT NOT NULL REFERENCES customer (id),
  b TEXT NOT NULL REFERENCES customer (id),
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (a, b),
  CHECK (a < b)
) STRICT;
CREATE INDEX duplicate_dismissed_by_b ON duplicate_dismissed (b);

-- Chips for a note that is written often.
CREATE TABLE quick_note (
  id TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL
) STRICT;

-- What is found by searching: the words of a dossier, of a note, of own fields.
CREATE TABLE search_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  kind TEXT NOT NULL CHECK (kind IN ('dossier', 'note', 'fields')),
  -- Of a note its id, else the customer's.
  row_id TEXT NOT NULL,
  -- JSON list. FTS5 has to be told again what it was told, to take it out.
  words TEXT NOT NULL,
  UNIQUE (kind, row_id)
) STRICT;
CREATE INDEX search_entry_by_customer ON search_entry (customer_id);
-- By the entry's id. A word stands here as it may be begun to be typed, from each of its syllables or digits on: nobody asks for phrases
-- (detail), and what begins with something is a range of the words (no prefix index). Only ASCII signs part them, as JSON has them.
CREATE VIRTUAL TABLE search_dossier USING fts5 (words, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
-- All else, which is far more and found after them.
CREATE VIRTUAL TABLE search_other USING fts5 (words, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
-- secure-delete: what is deleted is gone from the index's pages at once. A page of FTS5 fits into one of the encrypted file, whose 4096 bytes
-- hold 80 of their own. Its segments are merged in breaths, never within somebody's commit.
INSERT INTO search_dossier (search_dossier, rank) VALUES ('secure-delete', 1), ('pgsz', 3900), ('automerge', 0), ('crisismerge', 1999);
INSERT INTO search_other (search_other, rank) VALUES ('secure-delete', 1), ('pgsz', 3900), ('automerge', 0), ('crisismerge', 1999);
-- The words that are there, to look at.
CREATE VIRTUAL TABLE search_dossier_word USING fts5vocab (search_dossier, instance);
CREATE VIRTUAL TABLE search_other_word USING fts5vocab (search_other, instance);
-- Not empty: a key that parts two pages of the index still holds the beginning of a deleted word; both are made anew.
CREATE TABLE search_unclean (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;
-- What has to be indexed (anew): written down by triggers, so that nobody who writes can forget it, and worked off before the commit.
CREATE TABLE search_stale (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('dossier', 'note', 'fields')),
  row_id TEXT NOT NULL,
  -- Of what cannot stand in the index yet: a deletion need not wait for it.
  is_new INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX search_stale_changed ON search_stale (id) WHERE is_new = 0;
-- All customers with something in this field; those up to `done_to` are indexed.
CREATE TABLE search_stale_field (
  field_id TEXT PRIMARY KEY,
  done_to TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX customer_by_contact ON customer (last_contact_ms) WHERE merged_into_id IS NULL;

-- products -----------------------------------------------------------------------------------------------------
-- Money is in the smallest unit of the box's currency (_minor).
CREATE TABLE product (
  id TEXT PRIMARY KEY,
  sku TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  category TEXT,
  brand TEXT,
  price_minor INTEGER CHECK (price_minor >= 0),
  barcode TEXT UNIQUE,
  in_stock INTEGER NOT NULL DEFAULT 1 CHECK (in_stock IN (0, 1)),
  -- When it came in last; null: never told.
  arrived_at_ms INTEGER,
  changed_at_ms INTEGER NOT NULL,
  -- Taken off the list; what was bought or looked at keeps its name.
  removed_at_ms INTEGER
) STRICT;
CREATE INDEX product_by_name ON product (name);
CREATE INDEX product_by_arrival ON product (arrived_at_ms) WHERE arrived_at_ms IS NOT NULL;
CREATE INDEX product_newest ON product (changed_at_ms) WHERE removed_at_ms IS NULL;

-- dealings -----------------------------------------------------------------------------------------------------
CREATE TABLE wish (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  product_id TEXT REFERENCES product (id),
  text TEXT NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('bought', 'dropped')),
  CHECK ((ended_at_ms IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX wish_by_customer ON wish (customer_id, at_ms);
CREATE INDEX wish_by_product ON wish (product_id) WHERE ended_at_ms IS NULL;

-- One row an article; a return names what it takes back.
CREATE TABLE purchase (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  visit_id TEXT REFERENCES visit (id) ON DELETE SET NULL,
  kind TEXT NOT NULL CHECK (kind IN ('purchase', 'return')),
  returns_id TEXT REFERENCES purchase (id),
  product_id TEXT REFERENCES product (id),
  text TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  receipt_no TEXT,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  -- When it reached the box: later, if it was typed without a link; null: then.
  told_at_ms INTEGER,
  CHECK ((kind = 'return') = (returns_id IS NOT NULL))
) STRICT;
CREATE INDEX purchase_by_customer ON purchase (customer_id, at_ms);
CREATE INDEX purchase_by_returned ON purchase (returns_id) WHERE returns_id IS NOT NULL;
CREATE INDEX purchase_by_visit ON purchase (visit_id) WHERE visit_id IS NOT NULL;

CREATE TABLE ticket (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'ready', 'done')),
  due_on TEXT,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  done_at_ms INTEGER,
  CHECK ((state = 'done') = (done_at_ms IS NOT NULL))
) STRICT;
CREATE INDEX ticket_by_customer ON ticket (customer_id, at_ms);

CREATE TABLE appointment (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  at_ms INTEGER NOT NULL,
  minutes INTEGER NOT NULL CHECK (minutes > 0),
  subject TEXT NOT NULL,
  adviser_id TEXT REFERENCES staff (id),
  state TEXT NOT NULL CHECK (state IN ('planned', 'kept', 'missed', 'cancelled')),
  staff_id TEXT NOT NULL REFERENCES staff (id),
  made_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX appointment_by_customer ON appointment (customer_id, at_ms);
CREATE INDEX appointment_by_time ON appointment (at_ms);

-- files --------------------------------------------------------------------------------------------------------
-- Papers and photos of things; a picture with a face in it is refused.
CREATE TABLE file (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  name TEXT NOT NULL,
  mime TEXT NOT NULL CHECK (mime IN ('image/jpeg', 'application/pdf')),
  content BLOB NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX file_by_customer ON file (customer_id, at_ms);

-- fields -------------------------------------------------------------------------------------------------------
-- The form that the manager makes. What is removed is hidden, and its values deleted some days later.
CREATE TABLE form_revision (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO form_revision VALUES (1, 0);
CREATE TABLE field_section (
  id TEXT PRIMARY KEY,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  position INTEGER NOT NULL,
  removed_at_ms INTEGER
) STRICT;
CREATE TABLE field (
  id TEXT PRIMARY KEY,
  section_id TEXT NOT NULL REFERENCES field_section (id),
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'product', 'photo')),
  required INTEGER NOT NULL CHECK (required IN (0, 1)),
  visible_to TEXT NOT NULL CHECK (visible_to IN ('everybody', 'manager')),
  position INTEGER NOT NULL,
  removed_at_ms INTEGER
) STRICT;
CREATE TABLE field_option (
  id TEXT PRIMARY KEY,
  field_id TEXT NOT NULL REFERENCES field (id),
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  position INTEGER NOT NULL,
  removed_at_ms INTEGER
) STRICT;
CREATE INDEX field_option_by_field ON field_option (field_id);

-- One column a kind; choices are rows of their own.
CREATE TABLE field_value (
  customer_id TEXT NOT NULL REFERENCES customer (id),
  field_id TEXT NOT NULL REFERENCES field (id),
  text_value TEXT,
  number_value REAL,
  money_minor INTEGER,
  day_value TEXT,
  yes_value INTEGER CHECK (yes_value IN (0, 1)),
  product_id TEXT REFERENCES product (id),
  file_id TEXT REFERENCES file (id),
  at_ms INTEGER NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  PRIMARY KEY (customer_id, field_id)
) STRICT;
CREATE INDEX field_value_by_field ON field_value (field_id, customer_id);
-- For "customers whose field is like this".
CREATE INDEX field_value_by_text ON field_value (field_id, text_value) WHERE text_value IS NOT NULL;
CREATE INDEX field_value_by_number ON field_value (field_id, number_value) WHERE number_value IS NOT NULL;
CREATE INDEX field_value_by_money ON field_value (field_id, money_minor) WHERE money_minor IS NOT NULL;
CREATE INDEX field_value_by_day ON field_value (field_id, day_value) WHERE day_value IS NOT NULL;
CREATE INDEX field_value_by_yes ON field_value (field_id, yes_value) WHERE yes_value IS NOT NULL;
CREATE INDEX field_value_by_product ON field_value (product_id) WHERE product_id IS NOT NULL;
CREATE INDEX field_value_by_file ON field_value (file_id) WHERE file_id IS NOT NULL;
CREATE TABLE field_choice (
  customer_id TEXT NOT NULL,
  field_id TEXT NOT NULL,
  option_id TEXT NOT NULL REFERENCES field_option (id),
  PRIMARY KEY (customer_id, field_id, option_id),
  FOREIGN KEY (customer_id, field_id) REFERENCES field_value (customer_id, field_id) ON DELETE CASCADE
) STRICT;
-- With the customer: two options are intersected within the index.
CREATE INDEX field_choice_by_option ON field_choice (option_id, customer_id);
-- What stood there before and after, as text: ids of choices, of a product or of a file as they are. Null: nothing.
CREATE TABLE field_change (
  id INTEGER PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  field_id TEXT NOT NULL REFERENCES field (id),
  before TEXT,
  after TEXT,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX field_change_by_customer ON field_change (customer_id, field_id, at_ms);
CREATE INDEX field_change_by_field ON field_change (field_id);

-- The three facts on the card: what stands there in each place.
CREATE TABLE card_slot (
  position INTEGER PRIMARY KEY CHECK (position BETWEEN 1 AND 3),
  builtin TEXT CHECK (builtin IN ('fact', 'size', 'like', 'wish', 'last_purchase', 'points', 'date')),
  field_id TEXT REFERENCES field (id),
  CHECK ((builtin IS NULL) <> (field_id IS NULL))
) STRICT;

-- visits -------------------------------------------------------------------------------------------------------
CREATE TABLE visit_next (
  id TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customer (id),
  opened_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  closed_at_ms INTEGER,
  end_reason TEXT CHECK (end_reason IN ('left', 'by_hand', 'day_over', 'not_this_person', 'consent_withdrawn', 'corrected')),
  arrival TEXT NOT NULL CHECK (arrival IN ('recognised', 'confirmed', 'by_hand', 'scanned')),
  score REAL,
  adviser_id TEXT REFERENCES staff (id),
  threshold REAL,
  template_made_at_ms INTEGER,
  template_photos INTEGER,
  model_pack TEXT
) STRICT;
INSERT INTO visit_next SELECT id, customer_id, opened_at_ms, last_seen_at_ms, closed_at_ms, end_reason, arrival, score, adviser_id, threshold,
  template_made_at_ms, template_photos, model_pack FROM visit ORDER BY rowid;
DROP TABLE visit;
ALTER TABLE visit_next RENAME TO visit;
CREATE UNIQUE INDEX visit_one_open ON visit (customer_id) WHERE closed_at_ms IS NULL;
CREATE INDEX visit_by_customer ON visit (customer_id, opened_at_ms);
-- What is over its term is found without reading a million visits; so with notes below.
CREATE INDEX visit_closed ON visit (closed_at_ms) WHERE closed_at_ms IS NOT NULL;

-- Who served from when to when; with what words the customer was handed on, and to whom (null: to whoever comes).
CREATE TABLE visit_service (
  id TEXT PRIMARY KEY,
  visit_id TEXT NOT NULL REFERENCES visit (id) ON DELETE CASCADE,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  from_ms INTEGER NOT NULL,
  to_ms INTEGER,
  handed_over INTEGER NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1)),
  handed_to TEXT REFERENCES staff (id),
  note TEXT
) STRICT;
CREATE INDEX visit_service_by_visit ON visit_service (visit_id, from_ms);

CREATE TABLE visit_stage (
  visit_id TEXT NOT NULL REFERENCES visit (id) ON DELETE CASCADE,
  stage TEXT NOT NULL CHECK (stage IN ('discover', 'register', 'arrive', 'attract', 'complete', 'reflect')),
  at_ms INTEGER NOT NULL,
  -- Null: the box saw by itself that it was so.
  staff_id TEXT REFERENCES staff (id),
  PRIMARY KEY (visit_id, stage)
) STRICT;

CREATE TABLE look (
  id TEXT PRIMARY KEY,
  visit_id TEXT NOT NULL REFERENCES visit (id) ON DELETE CASCADE,
  product_id TEXT NOT NULL REFERENCES product (id),
  began_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  staff_id TEXT NOT NULL REFERENCES staff (id)
) STRICT;
CREATE INDEX look_by_visit ON look (visit_id, began_at_ms);

-- greeting -----------------------------------------------------------------------------------------------------
-- Only what differs from the words as delivered.
CREATE TABLE greeting_words (
  kind TEXT PRIMARY KEY,
  enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL,
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE suggestion_verdict (
  visit_id TEXT NOT NULL REFERENCES visit (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  -- What it was about (a wish, a ticket); empty: the customer as such.
  subject TEXT NOT NULL,
  useful INTEGER NOT NULL CHECK (useful IN (0, 1)),
  staff_id TEXT NOT NULL REFERENCES staff (id),
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (visit_id, kind, subject)
) STRICT;
CREATE INDEX suggestion_verdict_by_kind ON suggestion_verdict (kind, at_ms);

-- customers ----------------------------------------------------------------------------------------------------
-- More rows that go along with a merge. Of do-not lines and allergies copies go along, marked as such (customer_line.copied_by).
CREATE TABLE customer_merge_row_next (
  merge_id TEXT NOT NULL REFERENCES customer_merge (id),
  kind TEXT NOT NULL CHECK (kind IN ('note', 'follow_up', 'visit', 'customer_tag', 'wish', 'purchase', 'ticket', 'appointment', 'file')),
  row_id TEXT NOT NULL,
  PRIMARY KEY (merge_id, kind, row_id)
) STRICT;
INSERT INTO customer_merge_row_next SELECT merge_id, kind, row_id FROM customer_merge_row ORDER BY rowid;
DROP TABLE customer_merge_row;
ALTER TABLE customer_merge_row_next RENAME TO customer_merge_row;
CREATE INDEX note_by_time ON note (at_ms);
CREATE INDEX customer_merge_by_from ON customer_merge (from_id);
-- The member number that went along, because the other dossier had none.
ALTER TABLE customer_merge ADD COLUMN member_no_moved TEXT;

-- storage ------------------------------------------------------------------------------------------------------
-- Since when something deleted waits for the file to be written anew.
ALTER TABLE vault_pair ADD COLUMN traces_since_ms INTEGER;


-- As in 0008, and with what came since.
CREATE TRIGGER contact_by_itself AFTER INSERT ON customer BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.created_at_ms) WHERE id = NEW.id;
END;
CREATE TRIGGER contact_by_visit AFTER INSERT ON visit BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.last_seen_at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_longer_visit AFTER UPDATE OF last_seen_at_ms ON visit BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.last_seen_at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_note AFTER INSERT ON note BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_follow_up AFTER INSERT ON follow_up BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_done_follow_up AFTER UPDATE OF done_at_ms ON follow_up WHEN NEW.done_at_ms IS NOT NULL BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.done_at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_consent AFTER INSERT ON consent BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.given_at_ms) WHERE id = NEW.customer_id;
END;
-- The dossier that stays takes the later of the two.
CREATE TRIGGER contact_by_merge AFTER INSERT ON customer_merge BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms, (SELECT last_contact_ms FROM customer WHERE id = NEW.from_id)) WHERE id = NEW.into_id;
END;
-- Who came while they were one may have been either.
CREATE TRIGGER contact_by_undone_merge AFTER UPDATE OF undone_at_ms ON customer_merge BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, (SELECT last_contact_ms FROM customer WHERE id = NEW.into_id)) WHERE id = NEW.from_id;
END;
CREATE TRIGGER contact_by_wish AFTER INSERT ON wish BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_purchase AFTER INSERT ON purchase BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_ticket AFTER INSERT ON ticket BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_changed_ticket AFTER UPDATE OF changed_at_ms ON ticket BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.changed_at_ms) WHERE id = NEW.customer_id;
END;
CREATE TRIGGER contact_by_appointment AFTER INSERT ON appointment BEGIN
  UPDATE customer SET last_contact_ms = max(last_contact_ms, NEW.made_at_ms) WHERE id = NEW.customer_id;
END;

-- finding ------------------------------------------------------------------------------------------------------
-- A dossier that is erased leaves the index in the same statement; text that is written needs pinyin, which no trigger knows.
CREATE TRIGGER search_entry_gone AFTER DELETE ON search_entry WHEN OLD.words <> '[]' BEGIN
  INSERT INTO search_dossier (search_dossier, rowid, words) SELECT 'delete', OLD.id, OLD.words WHERE OLD.kind = 'dossier';
  INSERT INTO search_other (search_other, rowid, words) SELECT 'delete', OLD.id, OLD.words WHERE OLD.kind <> 'dossier';
END;
CREATE TRIGGER search_customer_gone BEFORE DELETE ON customer BEGIN DELETE FROM search_entry WHERE customer_id = OLD.id; END;
-- Thousands may be over their term in one night: these go in breaths after it. Those of a dossier that is erased go with it.
CREATE TRIGGER search_note_gone AFTER DELETE ON note BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('note', OLD.id); END;
CREATE TRIGGER search_note_moved AFTER UPDATE OF customer_id ON note BEGIN
  UPDATE search_entry SET customer_id = NEW.customer_id WHERE kind = 'note' AND row_id = NEW.id;
END;
CREATE TRIGGER search_customer AFTER INSERT ON customer BEGIN INSERT INTO search_stale (kind, row_id, is_new) VALUES ('dossier', NEW.id, 1); END;
CREATE TRIGGER search_customer_changed AFTER UPDATE OF display_name, salutation, phone, member_no, email, wechat ON customer
WHEN (OLD.display_name, OLD.salutation, OLD.phone, OLD.member_no, OLD.email, OLD.wechat) IS NOT (NEW.display_name, NEW.salutation, NEW.phone, NEW.member_no, NEW.email, NEW.wechat) BEGIN
  INSERT INTO search_stale (kind, row_id) VALUES ('dossier', NEW.id);
END;
CREATE TRIGGER search_companion AFTER INSERT ON companion BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('dossier', NEW.customer_id); END;
CREATE TRIGGER search_companion_changed AFTER UPDATE OF name ON companion BEGIN
  INSERT INTO search_stale (kind, row_id) VALUES ('dossier', NEW.customer_id);
END;
CREATE TRIGGER search_companion_gone AFTER DELETE ON companion BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('dossier', OLD.customer_id); END;
CREATE TRIGGER search_note AFTER INSERT ON note BEGIN INSERT INTO search_stale (kind, row_id, is_new) VALUES ('note', NEW.id, 1); END;
CREATE TRIGGER search_note_changed AFTER UPDATE OF text ON note BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('note', NEW.id); END;
CREATE TRIGGER search_field_value AFTER INSERT ON field_value BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('fields', NEW.customer_id); END;
CREATE TRIGGER search_field_value_changed AFTER UPDATE ON field_value BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('fields', NEW.customer_id); END;
CREATE TRIGGER search_field_value_gone AFTER DELETE ON field_value BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('fields', OLD.customer_id); END;
CREATE TRIGGER search_field_choice AFTER INSERT ON field_choice BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('fields', NEW.customer_id); END;
CREATE TRIGGER search_field_choice_gone AFTER DELETE ON field_choice BEGIN INSERT INTO search_stale (kind, row_id) VALUES ('fields', OLD.customer_id); END;
-- One row, however many have something in the field.
CREATE TRIGGER search_field_changed AFTER UPDATE OF visible_to, removed_at_ms ON field
WHEN OLD.visible_to IS NOT NEW.visible_to OR (OLD.removed_at_ms IS NULL) IS NOT (NEW.removed_at_ms IS NULL) BEGIN
  INSERT OR REPLACE INTO search_stale_field (field_id) VALUES (NEW.id);
END;
CREATE TRIGGER search_field_option_changed AFTER UPDATE OF name_zh, name_en ON field_option
WHEN OLD.name_zh IS NOT NEW.name_zh OR OLD.name_en IS NOT NEW.name_en BEGIN
  INSERT OR REPLACE INTO search_stale_field (field_id) VALUES (NEW.field_id);
END;
-- People before what was noted of them; in the order of the ids, which is that of the entry's indices: half the time of any other.
INSERT INTO search_stale (kind, row_id, is_new) SELECT 'dossier', id, 1 FROM customer ORDER BY id;
INSERT INTO search_stale (kind, row_id, is_new) SELECT 'note', id, 1 FROM note ORDER BY id;

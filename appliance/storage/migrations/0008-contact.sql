-- customers ----------------------------------------------------------------------------------------------------
-- When the store last had to do with this customer: made, seen, noted, promised, done, signed, merged. Kept by itself, because the
-- rows that tell of it have terms of their own and go earlier than the dossier. Triggers, so that no writer can forget it; it only
-- ever moves on.
ALTER TABLE customer ADD COLUMN last_contact_ms INTEGER NOT NULL DEFAULT 0;

WITH RECURSIVE
  contact (customer_id, at_ms) AS (
    SELECT id, created_at_ms FROM customer
    UNION ALL SELECT customer_id, last_seen_at_ms FROM visit
    UNION ALL SELECT customer_id, at_ms FROM note
    UNION ALL SELECT customer_id, max(at_ms, coalesce(done_at_ms, at_ms)) FROM follow_up
    UNION ALL SELECT customer_id, given_at_ms FROM consent
    UNION ALL SELECT into_id, at_ms FROM customer_merge),
  -- Each dossier with itself and all that it was merged into.
  family (id, top) AS (
    SELECT id, id FROM customer
    UNION SELECT family.id, merged_into_id FROM family JOIN customer ON customer.id = top WHERE merged_into_id IS NOT NULL),
  newest (top, at_ms) AS (SELECT top, max(at_ms) FROM family JOIN contact ON customer_id = family.id GROUP BY top)
UPDATE customer SET last_contact_ms = newest.at_ms FROM newest WHERE newest.top = customer.id;

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

-- rights -------------------------------------------------------------------------------------------------------
-- Counted when it is read: the holidays of the year to come may be announced after a request came in.
DROP INDEX rights_request_open;
ALTER TABLE rights_request DROP COLUMN due_on;
CREATE INDEX rights_request_open ON rights_request (received_on) WHERE closed_at_ms IS NULL;

-- compliance ---------------------------------------------------------------------------------------------------
-- That night nothing was deleted, because the clock had jumped.
ALTER TABLE retention_run ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));

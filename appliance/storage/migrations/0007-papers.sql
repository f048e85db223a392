-- papers -------------------------------------------------------------------------------------------------------
-- The key with which the box signs receipts and audit packs. The newest signs; older ones are kept so that what they
-- signed can still be checked.
CREATE TABLE box_key (
  -- Thumbprint of the public key (RFC 7638).
  kid TEXT PRIMARY KEY,
  private_pem TEXT NOT NULL,
  made_at_ms INTEGER NOT NULL
) STRICT;

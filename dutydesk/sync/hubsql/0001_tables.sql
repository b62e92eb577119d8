-- The hub: acts of many desks, and what vouches for them. Plain SQL alone: no extension, trigger, function, sequence,
-- advisory lock or notification, so that any engine that speaks PostgreSQL's protocol can hold it.

CREATE TABLE hub_state (
  id integer PRIMARY KEY CHECK (id = 1),
  hub bytea NOT NULL CHECK (octet_length(hub) = 16),
  incarnation integer NOT NULL CHECK (incarnation >= 1),
  least_protocol integer NOT NULL
);

-- Of its own, since it is the one row that desks may change: taking a number here locks out every other push until the
-- commit, so that nobody ever sees a later number before an earlier one.
CREATE TABLE hub_counter (
  id integer PRIMARY KEY CHECK (id = 1),
  arrival bigint NOT NULL
);

CREATE TABLE desk (
  desk bytea PRIMARY KEY CHECK (octet_length(desk) = 16),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  code text NOT NULL,
  district text NOT NULL,
  name text NOT NULL,
  unit text NOT NULL,
  login text NOT NULL,
  enrolled_at timestamp with time zone NOT NULL DEFAULT now(),
  revoked_at timestamp with time zone,
  revoked_arrival bigint,
  revoked_reason text
);

CREATE TABLE desk_key (
  desk bytea NOT NULL REFERENCES desk (desk),
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  enrolled_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (desk, public_key)
);

CREATE TABLE chain (
  desk bytea NOT NULL REFERENCES desk (desk),
  epoch bigint NOT NULL CHECK (epoch >= 1),
  opened_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (desk, epoch)
);

-- Contiguity and chain by constraints: every act but the first of an epoch refers to the one before it by place and
-- hash, the first one to its row in chain. A gap, a wrong link and a fork are refused by the engine.
CREATE TABLE act (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 1),
  act_id bytea NOT NULL CHECK (octet_length(act_id) = 16),
  hlc bigint NOT NULL,
  happened_at bigint NOT NULL,
  recorded_at bigint NOT NULL,
  author text NOT NULL,
  kind text NOT NULL,
  sv integer NOT NULL,
  body bytea NOT NULL,
  alg integer NOT NULL,
  prev bytea NOT NULL CHECK (octet_length(prev) = 32),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  arrival bigint NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  prev_seq bigint GENERATED ALWAYS AS (nullif(seq - 1, 0)) STORED,
  first_of bigint GENERATED ALWAYS AS (CASE WHEN seq = 1 THEN epoch END) STORED,
  PRIMARY KEY (desk, epoch, seq),
  CONSTRAINT act_once UNIQUE (act_id),
  CONSTRAINT act_place UNIQUE (desk, epoch, seq, hash),
  CONSTRAINT act_follows FOREIGN KEY (desk, epoch, prev_seq, prev) REFERENCES act (desk, epoch, seq, hash),
  CONSTRAINT act_enrolled FOREIGN KEY (desk, first_of) REFERENCES chain (desk, epoch),
  CONSTRAINT act_opens CHECK ((seq = 1) = (kind = 'epoch.open'))
);
CREATE INDEX ix_act_arrival ON act (arrival);

-- Personal data stand beside the chain and go when a person asks for it.
CREATE TABLE personal (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  n integer NOT NULL,
  ledger text NOT NULL,
  row_id bytea NOT NULL,
  salt bytea NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (desk, epoch, seq, n),
  FOREIGN KEY (desk, epoch, seq) REFERENCES act (desk, epoch, seq)
);
CREATE INDEX ix_personal_row ON personal (ledger, row_id);

CREATE TABLE erased (
  ledger text NOT NULL,
  row_id bytea NOT NULL,
  PRIMARY KEY (ledger, row_id)
);

-- The signature is part of the key: a false seal cannot keep the true one out.
CREATE TABLE seal (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  sig bytea NOT NULL CHECK (octet_length(sig) = 64),
  PRIMARY KEY (desk, epoch, seq, sig),
  FOREIGN KEY (desk, epoch, seq, hash) REFERENCES act (desk, epoch, seq, hash)
);

-- What the hub has seen, and when by its own clock; rows are only ever added.
CREATE TABLE witness (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  arrival bigint NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (desk, epoch, seq),
  FOREIGN KEY (desk, epoch, seq, hash) REFERENCES act (desk, epoch, seq, hash)
);

-- The other branch of a fork: acts for whose place the chain has another one already. `act` is a line of docs/sync.md §3.
CREATE TABLE quarantine (
  desk bytea NOT NULL,
  epoch bigint NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  reason text NOT NULL,
  reported_by bytea NOT NULL,
  act bytea NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (desk, epoch, seq, hash)
);

-- Attachments and samples by content, in pieces, so that a cut costs one piece.
CREATE TABLE blob_chunk (
  sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
  n integer NOT NULL CHECK (n >= 0),
  data bytea NOT NULL,
  PRIMARY KEY (sha256, n)
);
CREATE TABLE blob (
  sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
  size bigint NOT NULL CHECK (size >= 0),
  chunks integer NOT NULL CHECK (chunks >= 0),
  arrival bigint NOT NULL,
  received_at timestamp with time zone NOT NULL DEFAULT now()
);
CREATE INDEX ix_blob_arrival ON blob (arrival);

-- What a desk shows when it stands at a frontier: desks of one frontier and one program have one digest.
CREATE TABLE projection (
  frontier bytea NOT NULL CHECK (octet_length(frontier) = 32),
  fingerprint text NOT NULL,
  desk bytea NOT NULL,
  digest text NOT NULL,
  told_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (frontier, fingerprint, desk, digest)
);

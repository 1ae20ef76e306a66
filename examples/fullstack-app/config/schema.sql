-- Postgres runs this once, when it makes the database.
CREATE TABLE visits (
  id bigserial PRIMARY KEY,
  seen_by text NOT NULL,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now()
);

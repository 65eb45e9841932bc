-- Items: any JSON under an id. The body keeps its text as it was written
-- (json, not jsonb). revision is unique per write and is what an ETag shows;
-- it comes from the writer, because a sequence would pin RDS Proxy sessions.
CREATE TABLE items (
    id         text COLLATE "C" PRIMARY KEY,
    body       json        NOT NULL,
    revision   text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

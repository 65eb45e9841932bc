CREATE TABLE orders (
    id         text COLLATE "C" PRIMARY KEY,
    customer   text        NOT NULL,
    cents      bigint      NOT NULL CHECK (cents >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);

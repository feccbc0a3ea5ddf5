-- A small shop: tables, a view, functions, and what is read from them.
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL UNIQUE, since date DEFAULT DATE '2024-01-01');
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer int NOT NULL REFERENCES customers,
  total numeric(10, 2) CHECK (total >= 0),
  tags text[] NOT NULL DEFAULT '{}'
);
INSERT INTO customers (name) VALUES ('Ada'), ('Ben'), ('Cy') RETURNING *;
SELECT * FROM customers ORDER BY id;
INSERT INTO orders (customer, total, tags) VALUES (1, 10.5, '{new}'), (1, 20, '{}'), (2, 7.25, '{new,gift}');
SELECT c.name, count(o.id), sum(o.total) FROM customers c LEFT JOIN orders o ON o.customer = c.id GROUP BY 1 ORDER BY 1;
SELECT 1 AS a, 2 AS a, NULL AS b;
SELECT id FROM orders WHERE 'gift' = ANY (tags);
UPDATE orders SET total = total * 2 WHERE customer = 1;
SELECT total FROM orders ORDER BY id;
DELETE FROM orders WHERE id = 99;
CREATE VIEW regulars AS SELECT customer, count(*) AS n FROM orders GROUP BY 1 HAVING count(*) > 1;
SELECT * FROM regulars;
CREATE FUNCTION owed(who int) RETURNS numeric LANGUAGE sql STABLE AS 'SELECT sum(total) FROM orders WHERE customer = who';
SELECT name, owed(id) FROM customers ORDER BY id;
CREATE FUNCTION order_now(who int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE made int;
BEGIN
  INSERT INTO orders (customer, total) VALUES (who, 1) RETURNING id INTO made;
  RETURN made;
END $$;
SELECT order_now(3);
SELECT count(*) FROM orders WHERE customer = 3;
SELECT currval('orders_id_seq');
ALTER TABLE customers ADD COLUMN email text;
SELECT * FROM customers WHERE email IS NULL ORDER BY id;
EXPLAIN (COSTS OFF) SELECT * FROM customers WHERE id = 1;
COPY (SELECT id FROM customers ORDER BY id) TO STDOUT;
VALUES (1, 'one'), (2, 'two');
TABLE regulars;
CREATE UNLOGGED TABLE scratch AS SELECT generate_series(1, 3) AS n;
SELECT sum(n) FROM scratch;
TRUNCATE scratch;
SELECT count(*) FROM scratch;
DROP TABLE scratch;
SELECT count(*) FROM scratch;
CREATE SCHEMA archive;
CREATE TABLE archive.orders AS SELECT * FROM orders;
SELECT count(*) FROM archive.orders;
DROP SCHEMA archive CASCADE;
SELECT to_regclass('archive.orders'), to_regclass('public.orders') IS NOT NULL;

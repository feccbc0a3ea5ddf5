/** Statements as applications and their mappers send them. */
export const texts: Readonly<Record<string, string>> = {
  'SELECT 1': 'SELECT 1',
  'by key': 'SELECT id, label, price FROM products WHERE id = $1',
  'a report': `SELECT u.id, u.name, count(o.id) AS orders, max(o.created_at) AS latest
    FROM users u LEFT JOIN orders o ON o.user_id = u.id
    WHERE u.state = 'active' AND o.created_at > now() - interval '30 days'
    GROUP BY u.id, u.name HAVING count(o.id) > 3 ORDER BY orders DESC LIMIT 20`,
  'of a mapper, 40 columns': `select ${Array.from({ length: 40 }, (_, i) => `"t0"."column_${i}" as "t0_column_${i}"`).join(', ')}
    from "public"."orders" as "t0" where ("t0"."user_id" = $1 and "t0"."state" in ($2, $3, $4)) order by "t0"."id" limit $5`,
  'an insert': 'INSERT INTO orders (user_id, total) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id',
}

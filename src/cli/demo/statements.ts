/** The statements of the shop's users, as an application would write them, without hints. */
export interface ShopStatements {
  /** `[category, most cents]` */
  readonly productList: string
  /** `[id]` */
  readonly productPage: string
  /** `[pattern]` */
  readonly search: string
  /** `[category]` */
  readonly bestsellers: string
  /** `[user id]` → `{ city, version }` */
  readonly profile: string
  /** `[user id]` → `{ id, quantity, name }`, newest first */
  readonly recentOrders: string
  /** `[user id, city]` → `{ version }` */
  readonly changeProfile: string
  /** `[product id, quantity]` → `{ price_cents }` */
  readonly takeFromStock: string
  /** `[user id, product id, quantity, price]` → `{ id }` */
  readonly placeOrder: string
}

export function shopStatements(schema: string): ShopStatements {
  return {
    productList: `SELECT id, name, price_cents FROM ${schema}.products
      WHERE category = $1 AND price_cents <= $2 ORDER BY price_cents DESC LIMIT 20`,
    productPage: `SELECT p.id, p.name, p.price_cents, p.stock, count(o.id) AS sold
      FROM ${schema}.products p LEFT JOIN ${schema}.orders o ON o.product_id = p.id WHERE p.id = $1 GROUP BY p.id`,
    search: `SELECT id, name, price_cents FROM ${schema}.products WHERE name LIKE $1 ORDER BY name LIMIT 20`,
    bestsellers: `SELECT p.id, p.name, sum(o.quantity) AS sold
      FROM ${schema}.products p JOIN ${schema}.orders o ON o.product_id = p.id
      WHERE p.category = $1 GROUP BY p.id ORDER BY sold DESC, p.id LIMIT 5`,
    profile: `SELECT city, version FROM ${schema}.users WHERE id = $1`,
    recentOrders: `SELECT o.id, o.quantity, p.name
      FROM ${schema}.orders o JOIN ${schema}.products p ON p.id = o.product_id
      WHERE o.user_id = $1 ORDER BY o.id DESC LIMIT 10`,
    changeProfile: `UPDATE ${schema}.users SET city = $2, version = version + 1 WHERE id = $1 RETURNING version`,
    takeFromStock: `UPDATE ${schema}.products SET stock = stock - $2 WHERE id = $1 RETURNING price_cents`,
    placeOrder: `INSERT INTO ${schema}.orders (user_id, product_id, quantity, price_cents)
      VALUES ($1, $2, $3, $4) RETURNING id`,
  }
}

import type { Cluster } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../../test/support/ground.ts'

/** Ids go from 1 to this. */
export const PRODUCTS = 10_000

export const PRODUCT_BY_ID = 'select id, label, price from products where id = $1'

/** Starts a cluster with the table `products`, which every replica shows. */
export function startClusterOfProducts(replicas: number): Promise<Cluster> {
  return startClusterWith(
    { replicas },
    'create table products (id int primary key, label text not null, price int not null)',
    `insert into products select g, 'product ' || g, g % 1000 from generate_series(1, ${PRODUCTS}) g`,
    'vacuum analyze products',
  )
}

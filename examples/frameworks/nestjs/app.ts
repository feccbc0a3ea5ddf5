// NestJS: the module of the application, which both programs run.
import 'reflect-metadata'
import {
  Body,
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  Module,
  Post,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { Pool } from 'pg-switchyard'

const { DATABASE_URL, DATABASE_REPLICA_URLS = '' } = process.env

@Injectable()
export class Database implements OnApplicationShutdown {
  readonly pool = new Pool({ connectionString: DATABASE_URL, replicas: DATABASE_REPLICA_URLS.split(',') })

  async onApplicationShutdown() {
    await this.pool.end()
  }
}

@Controller()
class Orders {
  constructor(@Inject(Database) private readonly database: Database) {}

  @Get('orders')
  @Header('Cache-Control', 'public, max-age=5')
  async list() {
    const sql = 'SELECT item FROM orders ORDER BY id'
    return (await this.database.pool.query(sql)).rows
  }

  @Post('orders')
  async place(@Body() { item }: { item: string }) {
    await this.database.pool.query('INSERT INTO orders (item) VALUES ($1)', [item])
    await this.database.pool.query('INSERT INTO parcels (item) VALUES ($1)', [item])
    return { item }
  }

  // A page that counts its visits is for its visitor alone, whatever it says.
  @Get('visit')
  @Header('Cache-Control', 'public, max-age=5')
  async visit() {
    const { rows } = await this.database.pool.query('UPDATE visits SET count = count + 1 RETURNING count')
    return rows[0]
  }
}

@Module({ controllers: [Orders], providers: [Database] })
export class AppModule {}

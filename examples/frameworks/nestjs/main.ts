// NestJS: the middleware, before all others.
import { NestFactory } from '@nestjs/core'
import { sessionMiddleware } from 'pg-switchyard/http'
import { AppModule, Database } from './app.js'

const { PORT = '3000' } = process.env

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] })
const { pool } = app.get(Database)
app.use(sessionMiddleware({ pool }))
app.enableShutdownHooks()
await pool.ready()
await app.listen(Number(PORT), '127.0.0.1')

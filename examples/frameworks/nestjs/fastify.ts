// NestJS on Fastify: the same middleware, in the same place.
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { sessionMiddleware } from 'pg-switchyard/http'
import { AppModule, Database } from './app.js'

const { PORT = '3000' } = process.env

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['error', 'warn'],
})
const { pool } = app.get(Database)
app.use(sessionMiddleware({ pool }))
app.enableShutdownHooks()
await pool.ready()
await app.listen(Number(PORT), '127.0.0.1')

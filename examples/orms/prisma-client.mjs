// A short form of the output of `prisma generate` for this schema. In an application:
// `import { PrismaClient } from './generated/client'`.
import { getPrismaClient } from '@prisma/client/runtime/client'

const inlineSchema = `
datasource db {
  provider = "postgresql"
}
generator client {
  provider = "prisma-client"
}
model City {
  id   Int    @id @default(autoincrement())
  name String
  @@map("cities")
}
`

export const PrismaClient = getPrismaClient({
  inlineSchema,
  runtimeDataModel: {
    models: {
      City: {
        dbName: 'cities',
        fields: [
          { name: 'id', kind: 'scalar', type: 'Int' },
          { name: 'name', kind: 'scalar', type: 'String' },
        ],
      },
    },
    enums: {},
    types: {},
  },
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: '',
  activeProvider: 'postgresql',
  compilerWasm: {
    getRuntime: () => import('@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs'),
    getQueryCompilerWasmModule: async () => {
      const { wasm } =
        await import('@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs')
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'))
    },
    importName: './query_compiler_fast_bg.js',
  },
})

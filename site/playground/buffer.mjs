// The two functions of Buffer that classification uses.
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const Buffer = {
  byteLength: (text) => encoder.encode(text).length,
  from: (memory, start, length) => ({
    toString: () => decoder.decode(new Uint8Array(memory, start, length)),
  }),
}

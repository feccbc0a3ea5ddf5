/** The part of the package testcontainers that is used. It is optional, so its own types may be missing. */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => NewContainer
  readonly Network: new () => { start(): Promise<StartedNetwork> }
  readonly Wait: { forSuccessfulCommand(command: string): WaitStrategy }
  getContainerRuntimeClient(): Promise<unknown>
}

export interface StartedNetwork {
  stop(): Promise<unknown>
}

type WaitStrategy = object

interface NewContainer {
  withNetwork(network: StartedNetwork): this
  withNetworkAliases(name: string): this
  withExposedPorts(port: number): this
  withEntrypoint(command: string[]): this
  withCommand(command: string[]): this
  withWaitStrategy(strategy: WaitStrategy): this
  withStartupTimeout(timeoutMs: number): this
  start(): Promise<StartedContainer>
}

export interface StartedContainer {
  getHost(): string
  getMappedPort(port: number): number
  exec(command: string[], options: ExecOptions): Promise<ExecResult>
  stop(options: { timeout: number }): Promise<unknown>
}

interface ExecOptions {
  user: string
  env: Record<string, string>
}

interface ExecResult {
  readonly exitCode: number
  readonly output: string
  readonly stdout: string
}

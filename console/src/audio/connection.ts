/** One websocket of the desk that comes back by itself. */

import { api } from "../api/client";

/** `elsewhere`: the same person works in another window; `refused`: not allowed, or the desk cannot be reached this way. */
export type Link =
  | "connecting"
  | "open"
  | "lost"
  | "elsewhere"
  | "refused"
  | "signed_out"
  | "gone"
  | "closed";

export type Handlers<In> = {
  link: (link: Link) => void;
  message: (message: In) => void;
  sound: (frame: ArrayBuffer) => void;
};

/** The desk keeps a customer on the line for 6 s, so the first attempts come fast. */
export function waitBefore(attempt: number): number {
  return Math.min(5_000, [0, 300, 700, 1_000, 1_500, 2_000][attempt] ?? 5_000);
}

export function linkOf(code: number): Link {
  switch (code) {
    case 4401:
      return "signed_out";
    case 4400:
    case 4403:
      return "refused";
    case 4404:
      return "gone";
    case 4409:
      return "elsewhere";
    default:
      return "lost";
  }
}

export class Connection<In, Out> {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = false;

  constructor(
    private readonly path: string,
    private readonly handlers: Handlers<In>,
  ) {}

  open(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.dial();
  }

  close(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.socket = null;
    this.handlers.link("closed");
  }

  /** False while the connection is not open: nothing was sent. */
  send(message: Out): boolean {
    return this.put(JSON.stringify(message));
  }

  /** A frame of sound; what cannot go out at once is dropped. */
  sendSound(frame: ArrayBuffer): void {
    if ((this.socket?.bufferedAmount ?? 0) < 8_192) this.put(frame);
  }

  private put(payload: string | ArrayBuffer): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(payload);
    return true;
  }

  private dial(): void {
    this.handlers.link(this.attempt ? "lost" : "connecting");
    const address = new URL(this.path, window.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.attempt = 0;
      this.handlers.link("open");
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string") return this.handlers.sound(data);
      const message = JSON.parse(data) as In & { type: string; n?: number };
      if (message.type === "ping") this.put(JSON.stringify({ type: "pong", n: message.n }));
      else this.handlers.message(message);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket || !this.wanted) return;
      const link = linkOf(code);
      // A handshake that is refused tells the browser nothing: whoever is signed out learns it from the API.
      if (!opened || link === "signed_out") void api.GET("/api/me").catch(() => {});
      if (link !== "lost") {
        this.wanted = false;
        return this.handlers.link(link);
      }
      this.attempt += 1;
      this.handlers.link("lost");
      this.timer = setTimeout(() => this.dial(), waitBefore(this.attempt));
    };
  }
}

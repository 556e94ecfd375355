/** A supervisor's connection to one running call; it ends with the widget that shows it. */

import { Connection } from "./connection";
import { awake } from "./context";
import { closeMicrophone, type MicrophoneTrouble, NoMicrophone, openMicrophone } from "./microphone";
import { Sound } from "./sound";
import { START, type Step, type Supervising, speaks, step } from "./supervising";
import type { FromSupervisor, SupervisorMode, ToSupervisor } from "./wire";

export class SupervisorLine {
  now: Supervising = START;
  trouble: MicrophoneTrouble | null = null;
  sound: Sound | null = null;
  private stream: MediaStream | null = null;
  /** Asked for and not answered yet: the microphone stays open for it. */
  private asked = false;
  private closed = false;
  private readonly followers = new Set<() => void>();
  private readonly connection: Connection<ToSupervisor, FromSupervisor>;

  constructor(callId: string) {
    this.connection = new Connection(`/api/supervise/${encodeURIComponent(callId)}`, {
      link: (link) => this.on({ type: "link", link }),
      message: (message) => this.on({ type: "desk", message }),
      sound: (frame) => this.sound?.hear(frame),
    });
  }

  follow = (listener: () => void): (() => void) => {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  };

  async open(): Promise<void> {
    this.connection.open();
    const sound = await Sound.open(2, (frame) => {
      if (speaks(this.now)) this.connection.sendSound(frame);
    });
    if (this.closed) return sound.end();
    this.sound = sound;
    void awake();
    this.tell();
  }

  close(): void {
    this.closed = true;
    this.followers.clear();
    this.connection.close();
    this.silence();
    this.sound?.end();
  }

  /** The microphone is opened first: nobody is put into a call without a voice. */
  async choose(mode: SupervisorMode): Promise<void> {
    this.asked = mode !== "listen";
    if (this.asked && !(await this.hasMicrophone())) {
      this.asked = false;
      return;
    }
    if (this.sound) this.sound.muted = false;
    this.connection.send({ type: "mode", mode });
  }

  say(message: FromSupervisor): boolean {
    if (message.type === "mute" && this.sound) this.sound.muted = message.on;
    return this.connection.send(message);
  }

  written(): void {
    this.on({ type: "written" });
  }

  private on(happened: Step): void {
    this.now = step(this.now, happened, Date.now());
    if (happened.type === "link" || ["listening", "refused", "over"].includes(typeOf(happened)))
      this.asked = false;
    if (speaks(this.now) && this.stream) this.sound?.speak(this.stream);
    else if (!this.asked) this.silence();
    // A form is still to be sent where one had taken the call over.
    if (this.now.over && !this.now.ended) this.connection.close();
    this.tell();
  }

  private async hasMicrophone(): Promise<boolean> {
    try {
      this.stream ??= await openMicrophone();
      this.trouble = null;
    } catch (error) {
      this.trouble = error instanceof NoMicrophone ? error.trouble : "busy";
    }
    this.tell();
    return this.stream !== null;
  }

  private silence(): void {
    this.sound?.fallSilent();
    if (this.stream) closeMicrophone(this.stream);
    this.stream = null;
  }

  private tell(): void {
    for (const listener of this.followers) listener();
  }
}

function typeOf(happened: Step): string {
  return happened.type === "desk" ? happened.message.type : "";
}

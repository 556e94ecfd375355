/** The agent's connection to the desk. It outlives the screen: who looks up a customer keeps the conversation. */

import { useSyncExternalStore } from "react";
import { Connection, type Link } from "../../audio/connection";
import { awake } from "../../audio/context";
import {
  closeMicrophone,
  type MicrophoneTrouble,
  NoMicrophone,
  onLost,
  openMicrophone,
} from "../../audio/microphone";
import { ring } from "../../audio/ring_tone";
import { Sound } from "../../audio/sound";
import type { FromAgent, FromDesk, WrapUp } from "../../audio/wire";
import { keep, kept } from "./kept";
import { type Desk, START, type Step, step } from "./state";

export type Ear = {
  /** null: works, or has not been asked for. */
  trouble: MicrophoneTrouble | null;
  microphone: string;
  /** Open while one may be rung or talks. */
  stream: MediaStream | null;
  /** The browser plays nothing before somebody clicked in the page. */
  silent: boolean;
};

const LISTENS = ["available", "ringing", "busy"];

class AgentLine {
  desk: Desk = START;
  ear: Ear = { trouble: null, microphone: "", stream: null, silent: false };
  sound: Sound | null = null;
  private opening: Promise<boolean> | null = null;
  private stopRinging: (() => void) | null = null;
  private readonly followers = new Set<() => void>();
  private readonly connection = new Connection<FromDesk, FromAgent>("/api/desk/agent", {
    link: (link) => this.on({ type: "link", link }),
    message: (message) => this.on({ type: "desk", message }),
    sound: (frame) => this.sound?.hear(frame),
  });

  follow = (listener: () => void): (() => void) => {
    this.followers.add(listener);
    return () => this.followers.delete(listener);
  };

  open(): void {
    this.connection.open();
  }

  close(): void {
    this.connection.close();
    this.release();
  }

  /** Available only with a microphone that works, or a telephone: nobody shall ring who cannot speak. */
  async available(): Promise<void> {
    if (await this.canSpeak()) this.connection.send({ type: "presence", presence: "available", reason: "" });
  }

  rest(reason: string): void {
    this.connection.send({ type: "presence", presence: "break", reason });
  }

  async accept(): Promise<void> {
    const ringing = this.desk.ringing;
    if (!ringing || ringing.answered || !(await this.canSpeak())) return;
    if (this.connection.send({ type: "accept", offer_id: ringing.offer.id })) {
      this.on({ type: "answered", answer: "accept" });
    }
  }

  decline(reason: string): void {
    const offer = this.desk.ringing?.offer;
    if (offer && this.connection.send({ type: "decline", offer_id: offer.id, reason })) {
      this.on({ type: "answered", answer: "decline" });
    }
  }

  mute(on: boolean): void {
    // At once and here; the desk does it as well and says so.
    if (this.sound) this.sound.muted = on;
    this.connection.send({ type: "mute", on });
  }

  hold(on: boolean): void {
    this.connection.send({ type: "hold", on });
  }

  handBack(note: string): void {
    this.connection.send({ type: "hand_back", note });
  }

  hangUp(): void {
    this.connection.send({ type: "hangup" });
  }

  /** False while the desk cannot be reached: the form goes another way. */
  wrapUp(offerId: string, form: WrapUp): boolean {
    return this.connection.send({ type: "wrap_up", offer_id: offerId, form });
  }

  written(offerId: string): void {
    this.on({ type: "written", offerId });
  }

  private async canSpeak(): Promise<boolean> {
    return this.desk.telephone !== "" || (await this.hasMicrophone());
  }

  /** Asks the browser for the microphone, once for several who ask. */
  hasMicrophone(): Promise<boolean> {
    this.opening ??= this.openMicrophone().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  async wake(): Promise<void> {
    this.listen({ silent: !(await awake().catch(() => false)) });
  }

  private on(happened: Step): void {
    const before = this.desk;
    this.desk = step(before, happened, Date.now());
    if (this.desk === before) return;
    if (happened.type === "desk") this.hearOf(happened.message);
    if (happened.type === "link") this.linked(happened.link);
    this.ringOrNot();
    keep(this.desk);
    this.tell();
  }

  private linked(link: Link): void {
    // On the way back the desk says what is true; meanwhile nothing is played.
    if (link !== "open") this.sound?.clear();
    if (["elsewhere", "refused", "signed_out", "closed"].includes(link)) this.release();
  }

  private hearOf(message: FromDesk): void {
    switch (message.type) {
      case "welcome": {
        const before = kept(message.agent_id);
        if (before) this.desk = step(this.desk, { type: "kept", ...before }, Date.now());
        return;
      }
      case "connected":
        if (!this.desk.telephone) void this.talk();
        return;
      case "hold":
        this.sound?.clear();
        return;
      case "mute":
        if (this.sound) this.sound.muted = message.on;
        return;
      case "ended":
        this.endSound();
        return;
      case "presence":
        if (!LISTENS.includes(message.presence)) this.release();
        else if (message.presence === "available" && !this.desk.telephone) void this.hasMicrophone();
        return;
    }
  }

  private async talk(): Promise<void> {
    const sound = this.sound ?? (await Sound.open(1, (frame) => this.connection.sendSound(frame)));
    this.sound = sound;
    this.tell();
    void this.wake();
    if ((await this.hasMicrophone()) && this.ear.stream && this.sound === sound) sound.speak(this.ear.stream);
  }

  private async openMicrophone(): Promise<boolean> {
    void this.wake();
    if (this.ear.stream?.active) return true;
    try {
      const stream = await openMicrophone();
      onLost(stream, () => this.microphoneLost(stream));
      this.listen({ trouble: null, stream, microphone: stream.getAudioTracks()[0]?.label ?? "" });
      if (this.desk.talk) this.sound?.speak(stream);
      return true;
    } catch (error) {
      this.listen({ trouble: error instanceof NoMicrophone ? error.trouble : "busy" });
      return false;
    }
  }

  private microphoneLost(stream: MediaStream): void {
    if (this.ear.stream !== stream) return;
    this.listen({ trouble: "lost", stream: null, microphone: "" });
    // Somebody who cannot speak is not rung; in a conversation they are told and may plug it in again.
    if (this.desk.presence === "available") this.rest("");
  }

  private endSound(): void {
    this.sound?.end();
    this.sound = null;
  }

  private release(): void {
    this.endSound();
    if (!this.ear.stream) return;
    closeMicrophone(this.ear.stream);
    this.listen({ stream: null, microphone: "" });
  }

  private ringOrNot(): void {
    const rings = !!this.desk.ringing && !this.desk.ringing.answered;
    if (rings && !this.stopRinging) this.stopRinging = ring();
    if (!rings && this.stopRinging) {
      this.stopRinging();
      this.stopRinging = null;
    }
  }

  private listen(ear: Partial<Ear>): void {
    this.ear = { ...this.ear, ...ear };
    this.tell();
  }

  private tell(): void {
    for (const listener of this.followers) listener();
  }
}

export const line = new AgentLine();

export function useDesk(): Desk {
  return useSyncExternalStore(line.follow, () => line.desk);
}

export function useEar(): Ear {
  return useSyncExternalStore(line.follow, () => line.ear);
}

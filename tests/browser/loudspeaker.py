"""What a page plays, measured inside the page."""

from __future__ import annotations

from playwright.async_api import Page

TAP = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target === this.context.destination) {
    window.tap ??= Object.assign(new AnalyserNode(this.context, { fftSize: 32768 }));
    connect.call(this, window.tap);
  }
  return connect.call(this, target, ...rest);
};
"""
"""Listens at the loudspeaker of the page: everything that is played."""


async def share_with(page: Page, hertz: float) -> float:
    """In how much of the last half second this tone was loud at the loudspeaker, in pieces of 50 ms."""
    # Measured in the page: to hand the samples over would hold up the very sound.
    share: float = await page.evaluate(
        """(hertz) => {
          if (!window.tap) return 0;
          const samples = new Float32Array(32768);
          window.tap.getFloatTimeDomainData(samples);
          const rate = window.tap.context.sampleRate, size = Math.round(0.05 * rate);
          const turn = 2 * Math.PI * hertz / rate;
          let loud = 0;
          for (let piece = 0; piece < 10; piece += 1) {
            let real = 0, imaginary = 0;
            for (let at = samples.length - (piece + 1) * size; at < samples.length - piece * size; at += 1) {
              real += samples[at] * Math.cos(turn * at);
              imaginary += samples[at] * Math.sin(turn * at);
            }
            if (2 * Math.hypot(real, imaginary) / size > 0.02) loud += 1;
          }
          return loud / 10;
        }""",
        hertz,
    )
    return share

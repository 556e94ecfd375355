import { DeleteOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Input, Popconfirm, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { Moment } from "../../parts/moment";
import { RefusalAlert } from "../../parts/refusal";
import { useMay, useMe } from "../../shell/session";
import { type Review, reviewOf } from "./queries";
import { stamp } from "./transcript";

/** Remarks on the call or at a moment of it, and a place to write one. */
export function Notes({
  id,
  review,
  at,
  setAt,
  seek,
}: {
  id: string;
  review: Review;
  /** The moment of the note that is being written; null: about the whole call. */
  at: number | null;
  setAt: (ms: number | null) => void;
  seek: (ms: number) => void;
}) {
  const { t } = useTranslation("calls");
  const may = useMay();
  const me = useMe();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const again = () => queries.invalidateQueries({ queryKey: reviewOf(id).queryKey });
  const add = useMutation({
    mutationFn: () =>
      api.POST("/api/calls/{call_id}/notes", {
        params: { path: { call_id: id } },
        body: { text: text.trim(), at_ms: at === null ? null : Math.round(at) },
      }),
    onSuccess: async () => {
      setText("");
      setAt(null);
      await again();
    },
  });
  const remove = useMutation({
    mutationFn: (note_id: string) =>
      api.DELETE("/api/calls/{call_id}/notes/{note_id}", { params: { path: { call_id: id, note_id } } }),
    onSuccess: again,
  });
  return (
    <Card size="small" title={t("notes")}>
      {!review.notes.length && <p className="soft">{t("noNotes")}</p>}
      <ul className="notes">
        {review.notes.map((note) => (
          <li key={note.id}>
            <Flex gap={8} align="center" wrap>
              {note.at_ms === null ? (
                <Tag>{t("wholeCall")}</Tag>
              ) : (
                <Button type="link" size="small" className="numbers" onClick={() => seek(note.at_ms ?? 0)}>
                  {stamp(note.at_ms)}
                </Button>
              )}
              <span className="soft">
                {note.made_by} · <Moment at={note.made_at} />
              </span>
              {note.made_by === me.name && (
                <Popconfirm title={t("removeNote")} onConfirm={() => remove.mutate(note.id)}>
                  <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("removeNote")} />
                </Popconfirm>
              )}
            </Flex>
            <p>{note.text}</p>
          </li>
        ))}
      </ul>
      {may("qa.review") && (
        <>
          <RefusalAlert error={add.error ?? remove.error} />
          <Input.TextArea
            rows={2}
            maxLength={2000}
            value={text}
            placeholder={t("notePlaceholder")}
            aria-label={t("notePlaceholder")}
            onChange={(event) => setText(event.target.value)}
          />
          <Flex gap={8} align="center" style={{ marginTop: 8 }}>
            {at === null ? (
              <span className="soft">{t("aboutWhole")}</span>
            ) : (
              <Tag closable onClose={() => setAt(null)} className="numbers">
                {t("aboutMoment", { at: stamp(at) })}
              </Tag>
            )}
            <Button
              type="primary"
              size="small"
              style={{ marginInlineStart: "auto" }}
              disabled={!text.trim()}
              loading={add.isPending}
              onClick={() => add.mutate()}
            >
              {t("addNote")}
            </Button>
          </Flex>
        </>
      )}
    </Card>
  );
}

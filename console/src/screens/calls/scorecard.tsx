import { CheckCircleFilled, CloseCircleFilled, EditOutlined, MinusCircleOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Form, Input, Modal, Radio, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { RefusalAlert } from "../../parts/refusal";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { type CheckLine, type Review, reviewOf, type Turn } from "./queries";
import { stamp } from "./transcript";

/** What can be checked of a call, with the turns that show it; a reviewer may say otherwise. */
export function Scorecard({
  id,
  review,
  turns,
  seek,
}: {
  id: string;
  review: Review;
  turns: readonly Turn[];
  seek: (ms: number) => void;
}) {
  const { t } = useTranslation("calls");
  const { t: common } = useTranslation();
  const label = useLabel();
  const may = useMay();
  const [judged, setJudged] = useState<CheckLine | null>(null);
  const applying = review.checks.filter((line) => line.passed !== null);
  const passed = applying.filter((line) => line.passed).length;
  return (
    <Card
      size="small"
      title={t("scorecard")}
      extra={applying.length > 0 && <span className="numbers">{`${passed} / ${applying.length}`}</span>}
    >
      {applying.length === 0 && <p className="soft">{t("nothingToCheck")}</p>}
      <ul className="checks">
        {review.checks.map((line) => (
          <li key={line.check} className={line.passed === null ? "soft" : ""}>
            <Verdict passed={line.passed} />
            <span className="check-words">
              {label("check", line.check)}
              {line.made_by && (
                <span className="soft check-reason">
                  {t("overruled", { who: line.made_by, why: line.reason })}
                </span>
              )}
              <span>
                {line.turns.map((position) => {
                  const turn = turns.find((each) => each.position === position);
                  return (
                    turn && (
                      <Button key={position} type="link" size="small" onClick={() => seek(turn.start_ms)}>
                        {stamp(turn.start_ms)}
                      </Button>
                    )
                  );
                })}
              </span>
            </span>
            {may("qa.review") && line.automatic !== null && (
              <Tooltip title={t("judge")}>
                <Button
                  type="text"
                  size="small"
                  icon={<EditOutlined />}
                  aria-label={common("pair", { name: t("judge"), value: label("check", line.check) })}
                  onClick={() => setJudged(line)}
                />
              </Tooltip>
            )}
          </li>
        ))}
      </ul>
      {judged && <Judge id={id} line={judged} close={() => setJudged(null)} />}
    </Card>
  );
}

function Verdict({ passed }: { passed: boolean | null }) {
  const { t } = useTranslation("calls");
  if (passed === null) return <MinusCircleOutlined title={t("notApplying")} aria-label={t("notApplying")} />;
  return passed ? (
    <CheckCircleFilled style={{ color: "#237804" }} title={t("passed")} aria-label={t("passed")} />
  ) : (
    <CloseCircleFilled style={{ color: "#cf1322" }} title={t("notPassed")} aria-label={t("notPassed")} />
  );
}

function Judge({ id, line, close }: { id: string; line: CheckLine; close: () => void }) {
  const { t } = useTranslation("calls");
  const { t: common } = useTranslation();
  const label = useLabel();
  const queries = useQueryClient();
  const [form] = Form.useForm<{ passed: boolean; reason: string }>();
  const path = { path: { call_id: id, check: line.check } };
  const done = (review: Review) => {
    queries.setQueryData(reviewOf(id).queryKey, review);
    close();
  };
  const judge = useMutation({
    mutationFn: async (word: { passed: boolean; reason: string }) =>
      data(await api.PUT("/api/calls/{call_id}/review/{check}", { params: path, body: word })),
    onSuccess: done,
  });
  const takeBack = useMutation({
    mutationFn: async () => data(await api.DELETE("/api/calls/{call_id}/review/{check}", { params: path })),
    onSuccess: done,
  });
  return (
    <Modal
      open
      title={label("check", line.check)}
      onCancel={close}
      onOk={() => form.submit()}
      okText={common("save")}
      confirmLoading={judge.isPending}
      footer={(_, { OkBtn, CancelBtn }) => (
        <>
          {line.made_by && (
            <Button danger loading={takeBack.isPending} onClick={() => takeBack.mutate()}>
              {t("takeBack")}
            </Button>
          )}
          <CancelBtn />
          <OkBtn />
        </>
      )}
    >
      <RefusalAlert error={judge.error ?? takeBack.error} />
      <Form
        form={form}
        layout="vertical"
        initialValues={{ passed: line.passed, reason: line.reason }}
        onFinish={(word) => judge.mutate(word)}
      >
        <Form.Item name="passed" label={t("verdict")}>
          <Radio.Group
            options={[
              { value: true, label: t("passed") },
              { value: false, label: t("notPassed") },
            ]}
          />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t("reason")}
          rules={[{ required: true, whitespace: true, message: t("reasonMissing") }]}
        >
          <Input.TextArea rows={3} maxLength={500} showCount />
        </Form.Item>
      </Form>
    </Modal>
  );
}

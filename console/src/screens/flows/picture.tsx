import "@xyflow/react/dist/style.css";
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import { memo, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLabel } from "../../words";
import { BOX, placed } from "./layout";
import type { Flow, Step } from "./queries";

type StepNode = Node<{ step: Step; first: boolean; end: string; part: string }, "step">;
const ZOOM = 0.85;
const TYPES = { step: memo(Box) };

/** The steps of a flow and the ways between them; one step is chosen by click or by Enter. */
export function Picture({
  flow,
  chosen,
  choose,
}: {
  flow: Flow;
  chosen: string;
  choose: (step: string) => void;
}) {
  const { t } = useTranslation("flows");
  const label = useLabel();
  const frame = useRef<HTMLDivElement>(null);
  const nodes = useMemo((): StepNode[] => {
    const places = placed(
      flow.steps.map((step) => step.name),
      flow.ways,
      flow.entry,
    );
    return flow.steps.map((step) => ({
      id: step.name,
      type: "step",
      position: places.get(step.name) ?? { x: 0, y: 0 },
      selected: step.name === chosen,
      draggable: false,
      connectable: false,
      ariaLabel: step.title,
      data: {
        step,
        first: step.name === flow.entry,
        end: step.end ? label("outcome", step.end) : "",
        part: flow.parts.find((part) => part.name === step.part)?.title ?? step.part,
      },
    }));
  }, [flow, chosen, label]);
  const edges = useMemo(
    (): Edge[] =>
      flow.ways.map((way) => {
        const near = way.start === chosen || way.end === chosen;
        const words = way.answers
          .map((each) => (each ? label("intent", each) : t("otherAnswers")))
          .join(t("comma"));
        return {
          id: `${way.start}→${way.end}${way.into_part}`,
          source: way.start,
          target: way.end,
          label: near ? (words.length > 24 ? `${words.slice(0, 23)}…` : words) : undefined,
          labelStyle: { fontSize: 11, fill: "#1f2329" },
          labelBgStyle: { fill: "#ffffff", fillOpacity: 0.9 },
          style: {
            stroke: near ? "#1456cc" : "#a9aeb8",
            strokeWidth: near ? 2 : 1,
            strokeDasharray: way.into_part ? "5 4" : undefined,
          },
          markerEnd: { type: MarkerType.ArrowClosed, color: near ? "#1456cc" : "#a9aeb8" },
          zIndex: near ? 1 : 0,
          focusable: false,
        };
      }),
    [flow, chosen, label, t],
  );
  return (
    <div className="flow-picture" ref={frame}>
      <ReactFlow<StepNode>
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onInit={(picture) => {
          const first = picture.getNode(flow.entry);
          const width = frame.current?.clientWidth ?? 0;
          if (first) void picture.setViewport(beginning(first.position, width));
        }}
        minZoom={0.15}
        nodesConnectable={false}
        nodesDraggable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        onNodeClick={(_, node) => choose(node.id)}
        onNodesChange={(changes) => {
          for (const change of changes) if (change.type === "select" && change.selected) choose(change.id);
        }}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={24} />
        <Controls position="top-right" showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

/** The first step in the middle of the upper edge. */
function beginning({ x, y }: { x: number; y: number }, width: number) {
  return { x: width / 2 - (x + BOX.width / 2) * ZOOM, y: 24 - y * ZOOM, zoom: ZOOM };
}

function Box({ data: { step, first, end, part }, selected }: NodeProps<StepNode>) {
  const { t } = useTranslation("flows");
  const words = step.question?.variants[0]?.text ?? step.say[0]?.variants[0]?.text ?? "";
  return (
    <div
      className={`flow-box ${step.shape}${selected ? " chosen" : ""}`}
      style={{ width: BOX.width, height: BOX.height }}
    >
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="flow-box-title" title={step.title}>
        {first && <span className="soft">{t("entry")} · </span>}
        {step.title}
        {end && <span className="soft"> · {end}</span>}
      </div>
      {part && <div className="soft flow-box-part">{part}</div>}
      <div className="flow-box-words" title={words}>
        {words}
      </div>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

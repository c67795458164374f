/** What order.js uses of SortableJS, which plugin/web/assets.ts serves under this name. */
interface SortableEvent {
  item: HTMLElement;
  related: HTMLElement;
}

export default class Sortable {
  constructor(
    list: HTMLElement,
    options: {
      draggable?: string;
      filter?: string;
      preventOnFilter?: boolean;
      delay?: number;
      delayOnTouchOnly?: boolean;
      touchStartThreshold?: number;
      forceFallback?: boolean;
      fallbackTolerance?: number;
      animation?: number;
      chosenClass?: string;
      ghostClass?: string;
      onMove?: (event: SortableEvent) => boolean;
      onEnd?: (event: SortableEvent) => void;
    },
  );
  option(name: 'disabled', value: boolean): void;
}

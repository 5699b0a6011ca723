import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type TextareaHTMLAttributes } from 'react';
import { classes } from '../classes.js';
import { Icon } from './icon.js';

interface FieldProps {
  readonly label: string;
  /** The label is for screen readers only. */
  readonly hideLabel?: boolean;
  readonly hint?: string;
  /** What is wrong with the value; empty if it is valid. */
  readonly problem?: string;
}

interface FrameProps extends FieldProps {
  readonly className?: string | undefined;
  readonly after?: ReactNode;
  readonly children: (field: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
}

/** The label, the hint and the problem around a control. */
export function FieldFrame({ label, hideLabel, hint, problem, className, after, children }: FrameProps) {
  const id = useId();
  const note = problem || hint;
  return (
    <div className={classes('ui-field', className)}>
      <label className={hideLabel ? 'ui-hidden' : 'ui-field-label'} htmlFor={id}>
        {label}
      </label>
      <div className="ui-field-box">
        {children({ id, ...(note && { 'aria-describedby': `${id}-note` }), ...(problem && { 'aria-invalid': true as const }) })}
        {after}
      </div>
      {note && (
        <span id={`${id}-note`} className={problem ? 'ui-field-problem' : 'ui-field-hint'}>
          {note}
        </span>
      )}
    </div>
  );
}

export interface TextFieldProps extends FieldProps, Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** A control beside the input, such as a link that calls the number. */
  readonly after?: ReactNode;
  readonly ref?: Ref<HTMLInputElement>;
}

export function TextField({ label, hideLabel, hint, problem, value, onChange, after, className, ...rest }: TextFieldProps) {
  return (
    <FieldFrame {...{ label, className, after, ...pick({ hideLabel, hint, problem }) }}>
      {(field) => (
        <input
          type="text"
          autoComplete="off"
          {...rest}
          {...field}
          className="ui-input"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </FieldFrame>
  );
}

export interface TextAreaProps extends FieldProps, Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly ref?: Ref<HTMLTextAreaElement>;
}

/** A text of several lines that grows with its content. */
export function TextArea({ label, hideLabel, hint, problem, value, onChange, className, ...rest }: TextAreaProps) {
  return (
    <FieldFrame {...{ label, className, ...pick({ hideLabel, hint, problem }) }}>
      {(field) => (
        <textarea {...rest} {...field} className="ui-input" value={value} onChange={(event) => onChange(event.target.value)} />
      )}
    </FieldFrame>
  );
}

export interface SelectProps<Value extends string> extends FieldProps {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly disabled?: boolean;
  readonly className?: string;
}

/** A list of choices. It is the browser's own control, which a telephone shows in the way its user knows. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const { label, hideLabel, hint, problem, value, onChange, options, disabled, className } = props;
  return (
    <FieldFrame {...{ label, className, ...pick({ hideLabel, hint, problem }) }}>
      {(field) => (
        <>
          <select
            {...field}
            className="ui-input ui-select"
            disabled={disabled}
            value={value}
            onChange={(event) => onChange(event.target.value as Value)}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
          <span className="ui-select-sign">
            <Icon name="down" small />
          </span>
        </>
      )}
    </FieldFrame>
  );
}

/** Returns the given properties without those that are undefined. */
export function pick<Properties extends object>(properties: Properties) {
  type Given = { [Key in keyof Properties]?: Exclude<Properties[Key], undefined> };
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as Given;
}

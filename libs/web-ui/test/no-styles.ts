// stands in for style sheets in tests: Jest runs in Node
export {};

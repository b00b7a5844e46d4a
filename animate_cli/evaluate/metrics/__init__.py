"""The metrics: what each one compares, and the evaluator networks behind them."""

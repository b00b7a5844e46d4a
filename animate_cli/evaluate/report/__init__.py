"""Tables, HTML pages, contact sheets and comparisons made from results."""

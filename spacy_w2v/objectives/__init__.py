"""What each loss needs: its tables, its parameters, and where they start."""

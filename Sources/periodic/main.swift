print("periodic")
